import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** What several providers remember, as a database would for them. */
export function memoryAdapter(): AdapterFactory {
  const rows = new Map<string, AdapterPayload>()
  return (model): Adapter => {
    const keyOf = (id: string): string => `${model} ${id}`
    const findBy = (member: 'uid' | 'userCode', value: string): AdapterPayload | undefined =>
      [...rows].find(([key, payload]) => key.startsWith(`${model} `) && payload[member] === value)?.[1]
    return {
      upsert: async (id, payload) => void rows.set(keyOf(id), payload),
      find: async (id) => rows.get(keyOf(id)),
      findByUid: async (uid) => findBy('uid', uid),
      findByUserCode: async (userCode) => findBy('userCode', userCode),
      async consume(id) {
        const payload = rows.get(keyOf(id))
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1_000)
      },
      destroy: async (id) => void rows.delete(keyOf(id)),
      async revokeByGrantId(grantId) {
        for (const [key, payload] of rows) if (payload.grantId === grantId) rows.delete(key)
      },
    }
  }
}
