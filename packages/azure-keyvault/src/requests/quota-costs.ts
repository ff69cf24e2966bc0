/** The service's limit per vault and region in ten seconds, in units of {@link signingCost}. */
export const defaultQuota = 4_000

/**
 * How many keys and certificates a process with this quota may make in ten seconds. The service counts them separately,
 * up to 20 for a vault.
 */
export function creationQuota(quota: number): number {
  return Math.max(1, Math.floor((20 * quota) / defaultQuota))
}

/** The cost of making one key or certificate, in units of {@link creationQuota}. The service allows half as many in hardware. */
export function creationCost(hardware: boolean): number {
  return hardware ? 2 : 1
}

/**
 * The cost of one signature, in signatures of a 2048-bit RSA key in software. The service's limits in ten seconds are
 * 4,000 for RSA-2048 and for EC, 1,000 for RSA-3072, 500 for RSA-4096, and half of each for keys in hardware. It adds them
 * up by weight.
 */
export function signingCost(modulusLength: number | null, hardware: boolean): number {
  const cost = modulusLength === null || modulusLength <= 2048 ? 1 : modulusLength <= 3072 ? 4 : 8
  return hardware ? 2 * cost : cost
}
