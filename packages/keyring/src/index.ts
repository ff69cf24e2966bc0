export { checkPolicyChange, planPolicyChange, policyChangeWait } from './policy/policy-change.ts'
export {
  keyRingPolicy,
  publishedKeys,
  type KeyRingPolicy,
  type KeyRingPolicyOptions,
} from './policy/policy.ts'
export type { RingClock } from './timeline/clock.ts'
export { describeKeyRingEvent, type KeyRingEvent, type RingEventListener } from './events/events.ts'
export {
  issuerDocuments,
  type IssuerDocument,
  type IssuerDocumentsOptions,
} from './issuer/issuer-documents.ts'
export type { JwksResponse } from './ring/jwks-response.ts'
export type { KeyAliases, PublishedJwks } from './ring/jwks.ts'
export type {
  KeyRevocation,
  KeyRevocationCost,
  KeyRing,
  KeyRingKeyStatus,
  KeyRingOptions,
  KeyRingStatus,
} from './ring/key-ring.ts'
export { openDelegation, type Delegation, type DelegationOptions } from './delegation/delegation.ts'
export type { DelegateRegistry } from './keys/delegates.ts'
export { openKeyRing } from './ring/open-key-ring.ts'
export type { KeyRingSource, SourceOptions } from './keys/sources.ts'
export {
  type KeyVersion,
  type Timeline,
  type TimelineEntry,
  type VersionState,
} from './timeline/key-version.ts'
export { nextRotation } from './timeline/rotation-plan.ts'
export { evaluateTimeline } from './timeline/timeline.ts'
export {
  writeStaticIssuer,
  type StaticIssuerOptions,
  type StaticIssuerReport,
} from './static-issuer/write-static-issuer.ts'
