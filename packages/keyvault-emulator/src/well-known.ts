/** The tenant and the application that every emulator has unless told otherwise. Public: they guard nothing. */
export const wellKnown: Readonly<{
  tenantId: string
  clientId: string
  clientSecret: string
  vault: string
}> = Object.freeze({
  tenantId: '00000000-0000-4000-8000-000000000001',
  clientId: '00000000-0000-4000-8000-0000000000a1',
  clientSecret: 'keyvault-emulator',
  vault: 'emulator',
})
