/** The ASN.1 string types that names are written in. */
export const stringTypes = ['utf8String', 'printableString', 'ia5String'] as const
export type StringType = (typeof stringTypes)[number]

/** For messages. */
export const stringTypeNames: Readonly<Record<StringType, string>> = {
  utf8String: 'UTF8String',
  printableString: 'PrintableString',
  ia5String: 'IA5String',
}

/** An attribute type of a distinguished name. */
export interface AttributeType {
  /** As RFC 4514 §3 and the IANA registry of LDAP descriptors spell it; read without regard to case. */
  readonly name: string
  readonly oid: string
  /**
   * Where RFC 5280 leaves the choice (DirectoryString, §4.1.2.4) it is UTF8String; country, serial number and qualifier are
   * PrintableString, domain components and e-mail addresses IA5String (§4.1.2.6, App. A.1).
   */
  readonly stringType: StringType
  /** The upper bound in characters of RFC 5280 App. A.1 or X.520; null if absent. */
  readonly maximumLength: number | null
}

const attributeTypes: readonly AttributeType[] = [
  { name: 'CN', oid: '2.5.4.3', stringType: 'utf8String', maximumLength: 64 },
  { name: 'SN', oid: '2.5.4.4', stringType: 'utf8String', maximumLength: 32_768 },
  { name: 'serialNumber', oid: '2.5.4.5', stringType: 'printableString', maximumLength: 64 },
  { name: 'C', oid: '2.5.4.6', stringType: 'printableString', maximumLength: 2 },
  { name: 'L', oid: '2.5.4.7', stringType: 'utf8String', maximumLength: 128 },
  { name: 'ST', oid: '2.5.4.8', stringType: 'utf8String', maximumLength: 128 },
  { name: 'STREET', oid: '2.5.4.9', stringType: 'utf8String', maximumLength: 128 },
  { name: 'O', oid: '2.5.4.10', stringType: 'utf8String', maximumLength: 64 },
  { name: 'OU', oid: '2.5.4.11', stringType: 'utf8String', maximumLength: 64 },
  { name: 'title', oid: '2.5.4.12', stringType: 'utf8String', maximumLength: 64 },
  { name: 'businessCategory', oid: '2.5.4.15', stringType: 'utf8String', maximumLength: 128 },
  { name: 'postalCode', oid: '2.5.4.17', stringType: 'utf8String', maximumLength: 40 },
  { name: 'name', oid: '2.5.4.41', stringType: 'utf8String', maximumLength: 32_768 },
  { name: 'givenName', oid: '2.5.4.42', stringType: 'utf8String', maximumLength: 32_768 },
  { name: 'initials', oid: '2.5.4.43', stringType: 'utf8String', maximumLength: 32_768 },
  { name: 'generationQualifier', oid: '2.5.4.44', stringType: 'utf8String', maximumLength: 32_768 },
  { name: 'dnQualifier', oid: '2.5.4.46', stringType: 'printableString', maximumLength: null },
  { name: 'pseudonym', oid: '2.5.4.65', stringType: 'utf8String', maximumLength: 128 },
  { name: 'organizationIdentifier', oid: '2.5.4.97', stringType: 'utf8String', maximumLength: null },
  { name: 'UID', oid: '0.9.2342.19200300.100.1.1', stringType: 'utf8String', maximumLength: 256 },
  { name: 'DC', oid: '0.9.2342.19200300.100.1.25', stringType: 'ia5String', maximumLength: null },
  { name: 'emailAddress', oid: '1.2.840.113549.1.9.1', stringType: 'ia5String', maximumLength: 255 },
]

/** Other spellings, those of Windows and OpenSSL. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['s', 'st'],
  ['e', 'emailaddress'],
  ['g', 'givenname'],
  ['gn', 'givenname'],
  ['t', 'title'],
])

/** @param name in any case */
export function attributeTypeByName(name: string): AttributeType | undefined {
  const lowerCase = name.toLowerCase()
  const wanted = aliases.get(lowerCase) ?? lowerCase
  return attributeTypes.find((type) => type.name.toLowerCase() === wanted)
}

const attributeTypesByOid: ReadonlyMap<string, AttributeType> = new Map(
  attributeTypes.map((type) => [type.oid, type]),
)

export function attributeTypeByOid(oid: string): AttributeType | undefined {
  return attributeTypesByOid.get(oid)
}
