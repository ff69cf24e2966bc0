export { type AuditEntry, type AuditLog, type AuditLogEvent } from './writer/audit-log.ts'
export { checkAuditFolder } from './writer/folder.ts'
export { openAuditLog, type AuditLogOptions } from './writer/open-audit-log.ts'
export { type Head as AuditHead } from './format/chain.ts'
export {
  type AuditFinding,
  type AuditFindingId,
  type AuditReport,
  type AuditStream,
} from './verifier/report.ts'
export { verifyAuditLog, type VerifyAuditLogOptions } from './verifier/verify-audit-log.ts'
