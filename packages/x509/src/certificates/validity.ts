import { SealwrightError } from '@sealwright/core'

/** When a certificate is valid. */
export interface ValidityOptions {
  /** Default now. Fractions of a second are dropped: certificates have none. */
  readonly notBefore?: Date | undefined
  /**
   * The last second it is valid. By default as many days from `notBefore` on as the profile says, the last second among them
   * (RFC 5280 §4.1.2.5), and no longer than the issuer's certificate.
   */
  readonly notAfter?: Date | undefined
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

export const secondsPerDay: number = 24 * 60 * 60

/**
 * @param defaultSeconds how long it is valid where `notAfter` is not given
 * @param issuerEnd when the issuer's certificate ends, after which nobody accepts what it issued; null for a self-signed one
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function resolveValidity(
  options: ValidityOptions,
  defaultSeconds: number,
  issuerEnd: Date | null,
): Validity {
  const notBefore = wholeSeconds(options.notBefore ?? new Date(), 'notBefore')
  const lastSecond = notBefore.getTime() + (defaultSeconds - 1) * 1000
  const notAfter = wholeSeconds(
    options.notAfter ?? new Date(Math.min(lastSecond, issuerEnd?.getTime() ?? Infinity)),
    'notAfter',
  )
  if (issuerEnd !== null && (notAfter > issuerEnd || notBefore >= issuerEnd)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the certificate would outlive its issuer’s, which ends at ${issuerEnd.toISOString()}`,
    )
  }
  if (notAfter <= notBefore) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `notAfter (${notAfter.toISOString()}) is not later than notBefore (${notBefore.toISOString()})`,
    )
  }
  return { notBefore, notAfter }
}

/** For how many seconds a certificate is valid, the last among them. */
export function secondsOf({ notBefore, notAfter }: Validity): number {
  return (notAfter.getTime() - notBefore.getTime()) / 1000 + 1
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a time that certificates and CRLs cannot say */
export function wholeSeconds(value: Date, name: string): Date {
  const whole = new Date(Math.floor(value.getTime() / 1000) * 1000)
  const year = whole.getUTCFullYear()
  // What UTCTime and GeneralizedTime can say; false for NaN as well.
  if (!(year >= 1950 && year <= 9999)) {
    throw new SealwrightError('INVALID_ARGUMENT', `${name} is not a time between the years 1950 and 9999`)
  }
  return whole
}
