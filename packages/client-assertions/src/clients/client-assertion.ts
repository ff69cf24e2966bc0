import { hasMethod, must, type Check } from '@sealwright/core/internal'
import type { AssertionSource } from '../assertion-source.ts'

export const aSource: Check = must('an AssertionSource; createAssertionSource returns one', (value) =>
  hasMethod(value, 'issue'),
)

/** Adds the parameters of a new assertion to a request (RFC 7521 §4.2, RFC 7523 §2.2). */
export async function setClientAssertion(
  parameters: URLSearchParams,
  clientId: string,
  assertions: AssertionSource,
): Promise<void> {
  const assertion = await assertions.assertion()
  // Optional in RFC 7521, and some servers require it.
  parameters.set('client_id', clientId)
  parameters.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  parameters.set('client_assertion', assertion)
}
