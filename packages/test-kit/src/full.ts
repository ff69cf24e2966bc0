/** Whether tests run with figures that take a minute (`SEALWRIGHT_FULL=1`); otherwise the figures are scaled down. */
export const isFull: boolean = process.env['SEALWRIGHT_FULL'] === '1'
