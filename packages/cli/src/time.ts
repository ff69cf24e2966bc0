export const millisecondsPerDay: number = 24 * 60 * 60 * 1000
