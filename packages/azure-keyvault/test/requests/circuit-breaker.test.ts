import { describe, expect, test } from 'vitest'
import { CircuitBreaker, type Admission } from '../../src/requests/circuit-breaker.ts'

function breaker(): CircuitBreaker {
  return new CircuitBreaker({ failures: 3, failingFor: 1_000, coolDown: 2_000 })
}

function admitted(circuit: CircuitBreaker, now: number): Admission {
  const admission = circuit.acquire(now)
  if (typeof admission === 'number') throw new Error(`not admitted for ${admission} ms`)
  return admission
}

/** Fails often and long enough to open it at 1,000. */
function open(circuit: CircuitBreaker): void {
  for (const now of [0, 500, 1_000]) admitted(circuit, now).failed(now)
}

describe('the circuit breaker', () => {
  test('opens after enough failures over long enough, and says for how long', () => {
    const circuit = breaker()
    open(circuit)
    expect(circuit.acquire(1_000)).toBe(2_000)
    expect(circuit.acquire(2_500)).toBe(500)
  })

  test('a burst of failures is no outage', () => {
    const circuit = breaker()
    for (let i = 0; i < 100; i++) admitted(circuit, i).failed(i)
    expect(circuit.acquire(100)).toBeTypeOf('object')
  })

  test('a success between failures starts the count again', () => {
    const circuit = breaker()
    for (const now of [0, 500]) admitted(circuit, now).failed(now)
    admitted(circuit, 900).succeeded()
    for (const now of [1_000, 1_500]) admitted(circuit, now).failed(now)
    expect(circuit.acquire(2_000)).toBeTypeOf('object')
  })

  test('lets one request through after the cool-down, whose success closes it', () => {
    const circuit = breaker()
    open(circuit)
    const probe = admitted(circuit, 3_000)
    expect(circuit.acquire(3_000)).toBe(2_000)
    probe.succeeded()
    expect(circuit.acquire(3_001)).toBeTypeOf('object')
    expect(circuit.acquire(3_001)).toBeTypeOf('object')
  })

  test('says whether it is open without taking the place of the probe', () => {
    const circuit = breaker()
    expect(circuit.openFor(0)).toBe(0)
    open(circuit)
    expect(circuit.openFor(1_500)).toBe(1_500)
    expect(circuit.openFor(3_000)).toBe(0)
    admitted(circuit, 3_000)
    expect(circuit.openFor(3_001)).toBe(2_000)
  })

  test('a failed probe starts another cool-down', () => {
    const circuit = breaker()
    open(circuit)
    admitted(circuit, 3_000).failed(3_500)
    expect(circuit.acquire(3_600)).toBe(1_900)
    admitted(circuit, 5_500)
  })

  test('an abandoned probe leaves its place to the next', () => {
    const circuit = breaker()
    open(circuit)
    admitted(circuit, 3_000).abandoned()
    expect(circuit.acquire(3_001)).toBeTypeOf('object')
  })

  test('requests under way when it opened do not keep it open for longer', () => {
    const circuit = breaker()
    const slow = admitted(circuit, 0)
    open(circuit)
    slow.failed(2_900)
    expect(circuit.acquire(3_000)).toBeTypeOf('object')
  })

  test('closed by a late answer, it is not opened again by a probe that fails', () => {
    const circuit = breaker()
    const late = admitted(circuit, 0)
    open(circuit)
    const probe = admitted(circuit, 3_000)
    late.succeeded()
    probe.failed(3_500)
    expect(circuit.acquire(3_600)).toBeTypeOf('object')
    expect(circuit.stateAt(3_600)).toBe('closed')
  })

  test('counts the time from the first failure of a row, whenever that was', () => {
    const circuit = breaker()
    for (let i = 0; i < 100; i++) admitted(circuit, 10_000 + i).failed(10_000 + i)
    expect(circuit.acquire(10_100)).toBeTypeOf('object')
    admitted(circuit, 11_000).failed(11_000)
    expect(circuit.acquire(11_000)).toBe(2_000)
  })

  test('lets one request through after a second outage as well', () => {
    const circuit = breaker()
    open(circuit)
    admitted(circuit, 3_000).succeeded()
    for (const now of [10_000, 10_500, 11_000]) admitted(circuit, now).failed(now)
    expect(circuit.acquire(11_000)).toBe(2_000)
    expect(circuit.acquire(13_000)).toBeTypeOf('object')
  })

  test('lets no second request through when one from before ends while the probe is out', () => {
    const circuit = breaker()
    const [slow, aborted] = [admitted(circuit, 0), admitted(circuit, 0)]
    open(circuit)
    admitted(circuit, 3_000)
    slow.failed(3_100)
    expect(circuit.acquire(3_100)).toBe(2_000)
    aborted.abandoned()
    expect(circuit.acquire(3_200)).toBe(2_000)
  })
})
