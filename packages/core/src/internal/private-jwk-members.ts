/** The private members of a JWK: RFC 7518 §6.2.2, §6.3.2 and §6.4.1, RFC 8037 §2, and `priv` of an AKP key. */
export const privateJwkMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const
