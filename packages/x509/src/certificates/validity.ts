import { invalidArgument } from '@sealwright/core/internal'

/** The validity of a certificate. */
export interface ValidityOptions {
  /** The first second of the validity. Default now. Fractions of a second are dropped. */
  readonly notBefore?: Date | undefined
  /**
   * The last second of the validity (RFC 5280 §4.1.2.5). By default the profile's number of days after `notBefore`, but not after
   * the end of the issuer's certificate.
   */
  readonly notAfter?: Date | undefined
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** In a certificate without a well-defined end (RFC 5280 §4.1.2.5): the latest time that it can hold. */
const endOfTime = Date.UTC(9999, 11, 31, 23, 59, 59)

export const secondsPerDay: number = 24 * 60 * 60

/**
 * @param defaultSeconds the length of the validity where `notAfter` is not given
 * @param issuerEnd the end of the issuer's certificate, after which verifiers refuse what it issued; null for a self-signed one
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
    options.notAfter ?? new Date(Math.min(lastSecond, issuerEnd?.getTime() ?? endOfTime)),
    'notAfter',
  )
  if (issuerEnd !== null && (notAfter > issuerEnd || notBefore >= issuerEnd)) {
    throw invalidArgument(
      `the certificate would end after its issuer’s certificate, which ends at ${issuerEnd.toISOString()}`,
    )
  }
  if (notAfter <= notBefore) {
    throw invalidArgument(
      `notAfter (${notAfter.toISOString()}) is not later than notBefore (${notBefore.toISOString()})`,
    )
  }
  return { notBefore, notAfter }
}

/** The length of a validity in seconds, the last one included. */
export function secondsOf({ notBefore, notAfter }: Validity): number {
  return (notAfter.getTime() - notBefore.getTime()) / 1000 + 1
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a time that certificates and CRLs cannot hold */
export function wholeSeconds(value: Date, name: string): Date {
  const whole = new Date(Math.floor(value.getTime() / 1000) * 1000)
  const year = whole.getUTCFullYear()
  // The range of UTCTime and GeneralizedTime. NaN is outside it.
  if (!(year >= 1950 && year <= 9999)) {
    throw invalidArgument(`${name} is not a time between the years 1950 and 9999`)
  }
  return whole
}
