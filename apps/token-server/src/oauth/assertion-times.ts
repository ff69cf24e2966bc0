/** How far a client's clock may be off, in seconds. */
export const clockTolerance = 30

/** How far ahead an assertion may expire, in seconds. Clients make one per request and need a minute. */
export const maximumLifetime = 600

/** For how long an assertion can be valid, in milliseconds, with clocks that are off. */
export const replayWindow: number = (maximumLifetime + 2 * clockTolerance) * 1000
