import { expect, test } from 'vitest'
import { redisLocation, redisUrlProblem } from '../../src/redis/redis-url.ts'

test.each([
  ['redis://redis.example', { host: 'redis.example', port: 6379, db: 0 }],
  ['redis://redis.example:1234/2', { host: 'redis.example', port: 1234, db: 2 }],
  ['redis://:pass%2Fword@10.0.0.1/', { host: '10.0.0.1', port: 6379, db: 0, password: 'pass/word' }],
  ['redis://user:p%C3%A4ss@[::1]:1', { host: '::1', port: 1, db: 0, username: 'user', password: 'päss' }],
  ['rediss://redis.example:6380', { host: 'redis.example', port: 6380, db: 0, tls: {} }],
])('%s', (url, location) => {
  expect(redisUrlProblem(url)).toBeNull()
  expect(redisLocation(url)).toEqual(location)
})

test.each([
  ['', /must be a URL/],
  ['redis.example:6379', /must be a URL/],
  ['http://:hunter2@redis.example', /must be a URL/],
  ['redis://', /must be a URL/],
  ['redis://:hunter2@redis.example:99999', /must be a URL/],
  ['redis://:hunter2@redis.example/name', /number of a database/],
  ['redis://:hunter2@redis.example/0?tls=true', /no query/],
  ['redis://:hunter2@redis.example#0', /no query/],
  ['redis://:hunter2%@redis.example', /broken percent escape/],
])('%s is refused, and is not in the message', (url, message) => {
  expect(redisUrlProblem(url)).toMatch(message)
  expect(redisUrlProblem(url)).not.toContain('hunter2')
})
