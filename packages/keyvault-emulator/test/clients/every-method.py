"""Calls every public method of Azure's clients for Python once, and prints which of them succeeded."""

import base64
import json
import socket
import subprocess
import sys
import time
import uuid

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.administration import KeyVaultAccessControlClient, KeyVaultSettingsClient
from azure.keyvault.certificates import CertificateClient, CertificateContact, CertificatePolicy
from azure.keyvault.keys import KeyClient, KeyReleasePolicy, KeyRotationPolicy, KeyType
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from azure.keyvault.secrets import SecretClient

port, tenant, client, secret, principal, release_policy, attestation, environment_key = sys.argv[1:]

# The names of vaults lead to the emulator, as they would through a hosts file.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: resolve(
    "127.0.0.1" if str(host).endswith(".azure.net") else host, *rest, **more
)

credential = ClientSecretCredential(
    tenant,
    client,
    secret,
    authority=f"https://localhost:{port}",
    disable_instance_discovery=True,
    # The name of that option in Debian 12's beta of the client.
    instance_discovery=False,
)
vault = f"https://emulator.vault.azure.net:{port}"
hsm = f"https://emulator.managedhsm.azure.net:{port}"
# The client compares the port with the challenge, which has none.
options = {"verify_challenge_resource": False}


class Recorder:
    """Passes calls on and keeps the names of the methods that succeeded."""

    def __init__(self, target):
        self._target = target
        self._called = set()

    def __getattr__(self, name):
        member = getattr(self._target, name)
        if not callable(member):
            return member

        def call(*args, **more):
            if name.startswith("begin_"):
                # Seconds. By default the client asks every two to five.
                more.setdefault("_polling_interval", 0.05)
            result = member(*args, **more)
            if hasattr(result, "by_page"):
                result = list(result)
            self._called.add(name)
            return result

        return call

    def report(self):
        public = [name for name in dir(type(self._target)) if not name.startswith("_")]
        methods = [name for name in public if callable(getattr(type(self._target), name))]
        done = [name for name in methods if name in self._called]
        missing = [name for name in methods if name not in self._called]
        return {"client": type(self._target).__name__, "called": len(done), "missing": missing}


def retried(call):
    """Soft delete takes a while."""
    for _ in range(100):
        try:
            return call()
        except Exception as error:
            last = error
            time.sleep(0.02)
    raise last


keys = Recorder(KeyClient(vault, credential, **options))
pool = Recorder(KeyClient(hsm, credential, **options))


def check_keys():
    assert keys.create_key("k", KeyType.ec).key_type == "EC"
    assert keys.create_ec_key("k", curve="P-384", tags={"a": "b"}).key.crv == "P-384"
    rsa = keys.create_rsa_key("rsa", size=2048)
    assert len(rsa.key.n) == 256
    assert keys.get_key("k").properties.tags == {"a": "b"}
    assert keys.update_key_properties("k", enabled=False).properties.enabled is False
    assert len(keys.list_properties_of_key_versions("k")) == 2
    assert {item.name for item in keys.list_properties_of_keys()} == {"k", "rsa"}
    assert keys.rotate_key("rsa").id != rsa.id
    policy = keys.update_key_rotation_policy("rsa", KeyRotationPolicy(), expires_in="P90D")
    assert policy.expires_in == "P90D" == keys.get_key_rotation_policy("rsa").expires_in
    backup = keys.backup_key("k")
    keys.begin_delete_key("k").wait()
    assert keys.get_deleted_key("k").recovery_id
    assert [item.name for item in keys.list_deleted_keys()] == ["k"]
    keys.begin_recover_deleted_key("k").wait()
    keys.begin_delete_key("k").wait()
    keys.purge_deleted_key("k")
    assert retried(lambda: keys.restore_key_backup(backup)).name == "k"
    imported = keys.import_key("imported", key_from_openssl())
    assert imported.key.kty == "RSA"
    keys.get_cryptography_client("imported")
    check_cryptography(CryptographyClient(imported, credential, **options))


def check_release():
    """A key leaves the vault, encrypted to the key of the attested environment, and opens with Python's own cryptography."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.keywrap import aes_key_unwrap_with_padding
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    policy = KeyReleasePolicy(decode(release_policy))
    made = keys.create_ec_key("released", hardware_protected=True, exportable=True, release_policy=policy)
    released = json.loads(decode(keys.release_key("released", attestation).value.split(".")[1]))
    wrapped = decode(json.loads(decode(released["response"]["key"]["key"]["key_hsm"]))["ciphertext"])
    own = load_pem_private_key(environment_key.encode(), None)
    size = own.key_size // 8
    ephemeral = own.decrypt(wrapped[:size], OAEP(MGF1(SHA1()), SHA1(), None))
    opened = load_der_private_key(aes_key_unwrap_with_padding(ephemeral, wrapped[size:]), None)
    assert opened.public_key().public_numbers().x == int.from_bytes(made.key.x, "big")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_from_openssl():
    """A private JWK of a key that another program made."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from azure.keyvault.keys import JsonWebKey

    pem = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True).stdout
    numbers = load_pem_private_key(pem, None).private_numbers()
    as_bytes = lambda number: number.to_bytes((number.bit_length() + 7) // 8, "big")
    public = numbers.public_numbers
    return JsonWebKey(
        kty="RSA", n=as_bytes(public.n), e=as_bytes(public.e), d=as_bytes(numbers.d), p=as_bytes(numbers.p),
        q=as_bytes(numbers.q), dp=as_bytes(numbers.dmp1), dq=as_bytes(numbers.dmq1), qi=as_bytes(numbers.iqmp),
    )


cryptography = None


def check_cryptography(target):
    global cryptography
    cryptography = Recorder(target)
    sealed = cryptography.encrypt(EncryptionAlgorithm.rsa_oaep, b"text").ciphertext
    assert cryptography.decrypt(EncryptionAlgorithm.rsa_oaep, sealed).plaintext == b"text"
    wrapped = cryptography.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"key").encrypted_key
    assert cryptography.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key == b"key"
    digest = bytes(32)
    signature = cryptography.sign(SignatureAlgorithm.ps256, digest).signature
    assert cryptography.verify(SignatureAlgorithm.ps256, digest, signature).is_valid


def check_pool():
    assert pool.create_oct_key("oct", hardware_protected=True).key_type == "oct-HSM"
    assert len(pool.get_random_bytes(16)) == 16
    target = CryptographyClient(pool.get_key("oct"), credential, **options)
    sealed = target.encrypt(EncryptionAlgorithm.a256_gcm, b"text", additional_authenticated_data=b"x")
    opened = target.decrypt(
        EncryptionAlgorithm.a256_gcm, sealed.ciphertext, iv=sealed.iv, authentication_tag=sealed.tag,
        additional_authenticated_data=b"x",
    )
    assert opened.plaintext == b"text"


certificates = Recorder(CertificateClient(vault, credential, **options))
secrets = Recorder(SecretClient(vault, credential, **options))


def check_certificates():
    policy = CertificatePolicy(issuer_name="Self", subject="CN=python", key_type="EC", key_curve_name="P-256",
                               content_type="application/x-pem-file", key_usage=["digitalSignature", "cRLSign"])
    made = certificates.begin_create_certificate("c", policy).result()
    assert certificates.get_certificate("c").cer == made.cer
    assert certificates.get_certificate_version("c", made.properties.version).cer == made.cer
    assert certificates.get_certificate_policy("c").subject == "CN=python"
    certificates.update_certificate_policy("c", CertificatePolicy(issuer_name="Self", subject="CN=other"))
    assert certificates.update_certificate_properties("c", tags={"a": "b"}).properties.tags == {"a": "b"}
    assert certificates.get_certificate_operation("c").status == "completed"
    pem = secrets.get_secret("c").value.encode()
    assert certificates.import_certificate("i", pem, policy=policy).cer == made.cer
    assert len(certificates.list_properties_of_certificates()) == 2
    assert len(certificates.list_properties_of_certificate_versions("c")) == 1
    backup = certificates.backup_certificate("c")
    certificates.begin_delete_certificate("c").wait()
    assert certificates.get_deleted_certificate("c").name == "c"
    assert len(certificates.list_deleted_certificates()) == 1
    certificates.begin_recover_deleted_certificate("c").wait()
    certificates.begin_delete_certificate("c").wait()
    certificates.purge_deleted_certificate("c")
    assert retried(lambda: certificates.restore_certificate_backup(backup)).cer == made.cer
    certificates.set_contacts([CertificateContact(email="a@b.example")])
    assert certificates.get_contacts()[0].email == "a@b.example"
    certificates.delete_contacts()
    certificates.create_issuer("issuer", "Test", account_id="id")
    assert certificates.get_issuer("issuer").provider == "Test"
    assert certificates.update_issuer("issuer", enabled=False).enabled is False
    assert len(certificates.list_properties_of_issuers()) == 1
    certificates.delete_issuer("issuer")
    unknown = CertificatePolicy(issuer_name="Unknown", subject="CN=merged", key_type="EC", key_curve_name="P-256")
    certificates.begin_create_certificate("m", unknown)
    assert certificates.cancel_certificate_operation("m").cancellation_requested
    certificates.delete_certificate_operation("m")
    certificates.begin_create_certificate("n", unknown)
    certificates.merge_certificate("n", [signed(certificates.get_certificate_operation("n").csr)])


def signed(csr):
    """A certificate for a request, by a CA of another program."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    request = x509.load_der_x509_csr(bytes(csr))
    now = datetime.datetime.utcnow()
    builder = x509.CertificateBuilder().subject_name(request.subject).public_key(request.public_key())
    builder = builder.issuer_name(request.subject).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    der = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)
    return base64.b64encode(der)


def check_secrets():
    made = secrets.set_secret("s", "value", tags={"a": "b"})
    assert secrets.get_secret("s").value == "value"
    assert secrets.update_secret_properties("s", content_type="text/plain").content_type == "text/plain"
    assert "s" in [item.name for item in secrets.list_properties_of_secrets()]
    assert len(secrets.list_properties_of_secret_versions("s")) == 1
    backup = secrets.backup_secret("s")
    secrets.begin_delete_secret("s").wait()
    assert secrets.get_deleted_secret("s").name == "s"
    assert [item.name for item in secrets.list_deleted_secrets()] == ["s"]
    secrets.begin_recover_deleted_secret("s").wait()
    secrets.begin_delete_secret("s").wait()
    secrets.purge_deleted_secret("s")
    assert retried(lambda: secrets.restore_secret_backup(backup)).id == made.id


roles = Recorder(KeyVaultAccessControlClient(hsm, credential, **options))
settings = Recorder(KeyVaultSettingsClient(hsm, credential, **options))


def check_administration():
    definitions = roles.list_role_definitions("/")
    user = next(item for item in definitions if item.role_name == "Managed HSM Crypto User")
    name = str(uuid.uuid4())
    made = roles.create_role_assignment("/keys", user.id, principal, name=name)
    assert made.properties.scope == "/keys"
    assert roles.get_role_assignment("/keys", name).name == name
    assert [item.name for item in roles.list_role_assignments("/keys")] == [name]
    roles.delete_role_assignment("/keys", name)
    custom = roles.set_role_definition("/", name=str(uuid.uuid4()), role_name="custom")
    assert roles.get_role_definition("/", custom.name).role_name == "custom"
    roles.delete_role_definition("/", custom.name)
    listed = settings.list_settings()
    listed = getattr(listed, "settings", listed)
    setting = listed[0]
    assert settings.get_setting(setting.name).value == "false"
    assert settings.update_setting(setting.name, "true").value == "true"


for check in (check_keys, check_release, check_pool, check_certificates, check_secrets, check_administration):
    check()
try:
    keys.get_key("missing")
    raise AssertionError("a missing key was found")
except ResourceNotFoundError:
    pass
reports = [item.report() for item in (keys, pool, cryptography, certificates, secrets, roles, settings)]
print(json.dumps(reports))
