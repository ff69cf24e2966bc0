// Calls every method of Microsoft's client for Go (services/keyvault/v7.1), except those for storage accounts, and prints
// which were called and which were not, as JSON. Run by go.test.ts.
//
// usage: every-call VAULT_URL TOKEN_URL CLIENT_ID CLIENT_SECRET CA_FILE
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"sort"
	"time"

	"github.com/Azure/azure-sdk-for-go/services/keyvault/v7.1/keyvault"
	"github.com/Azure/go-autorest/autorest"
	"github.com/Azure/go-autorest/autorest/to"
)

type accessToken string

func (token accessToken) OAuthToken() string { return string(token) }

var called = map[string]bool{}

// check notes that a method was called, and ends the program when it failed.
func check(method string, err error) {
	called[method] = true
	if err != nil {
		fail(fmt.Errorf("%s: %w", method, err))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// settled calls until the emulator has finished what takes it a moment.
func settled(method string, call func() error) {
	var err error
	for attempt := 0; attempt < 200; attempt++ {
		if err = call(); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	check(method, err)
}

func main() {
	vault, tokenURL, clientID, secret, caFile := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	ctx := context.Background()
	client := keyvault.New()
	sender := trusting(caFile)
	client.Sender = sender
	client.RetryAttempts = 1
	client.Authorizer = autorest.NewBearerAuthorizerCallback(sender,
		func(_, resource string) (*autorest.BearerAuthorizer, error) {
			token, err := askForToken(sender, tokenURL, clientID, secret, resource)
			return autorest.NewBearerAuthorizer(token), err
		})

	keys(ctx, client, vault)
	secrets(ctx, client, vault)
	certificates(ctx, client, vault)
	report()
}

func trusting(caFile string) *http.Client {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		fail(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

func askForToken(sender *http.Client, tokenURL, clientID, secret, resource string) (accessToken, error) {
	answer, err := sender.PostForm(tokenURL, url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {clientID},
		"client_secret": {secret},
		"scope":         {resource + "/.default"},
	})
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var body struct {
		AccessToken string `json:"access_token"`
	}
	err = json.NewDecoder(answer.Body).Decode(&body)
	return accessToken(body.AccessToken), err
}

func keys(ctx context.Context, client keyvault.BaseClient, vault string) {
	_, err := client.CreateKey(ctx, vault, "ec", keyvault.KeyCreateParameters{Kty: keyvault.EC, Curve: keyvault.P256})
	check("CreateKey", err)
	bundle, err := client.GetKey(ctx, vault, "ec", "")
	check("GetKey", err)
	version := regexp.MustCompile(`[^/]+$`).FindString(*bundle.Key.Kid)

	digest := sha256.Sum256([]byte("data"))
	value := to.StringPtr(base64.RawURLEncoding.EncodeToString(digest[:]))
	signed, err := client.Sign(ctx, vault, "ec", version,
		keyvault.KeySignParameters{Algorithm: keyvault.ES256, Value: value})
	check("Sign", err)
	verifyHere(*bundle.Key, digest[:], *signed.Result)
	verified, err := client.Verify(ctx, vault, "ec", version,
		keyvault.KeyVerifyParameters{Algorithm: keyvault.ES256, Digest: value, Signature: signed.Result})
	check("Verify", err)
	if !*verified.Value {
		fail(fmt.Errorf("the vault does not verify its signature"))
	}

	size := int32(2048)
	_, err = client.CreateKey(ctx, vault, "rsa", keyvault.KeyCreateParameters{Kty: keyvault.RSA, KeySize: &size})
	check("CreateKey", err)
	text := to.StringPtr(base64.RawURLEncoding.EncodeToString([]byte("plain text")))
	parameters := keyvault.KeyOperationsParameters{Algorithm: keyvault.RSAOAEP256, Value: text}
	encrypted, err := client.Encrypt(ctx, vault, "rsa", "", parameters)
	check("Encrypt", err)
	parameters.Value = encrypted.Result
	decrypted, err := client.Decrypt(ctx, vault, "rsa", "", parameters)
	check("Decrypt", err)
	parameters.Value = text
	wrapped, err := client.WrapKey(ctx, vault, "rsa", "", parameters)
	check("WrapKey", err)
	parameters.Value = wrapped.Result
	unwrapped, err := client.UnwrapKey(ctx, vault, "rsa", "", parameters)
	check("UnwrapKey", err)
	if *decrypted.Result != *text || *unwrapped.Result != *text {
		fail(fmt.Errorf("what was decrypted is not what was encrypted"))
	}

	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fail(err)
	}
	_, err = client.ImportKey(ctx, vault, "imported", keyvault.KeyImportParameters{Key: &keyvault.JSONWebKey{
		Kty: keyvault.EC, Crv: keyvault.P256, X: number(own.X), Y: number(own.Y), D: number(own.D),
	}})
	check("ImportKey", err)
	_, err = client.UpdateKey(ctx, vault, "ec", version,
		keyvault.KeyUpdateParameters{Tags: map[string]*string{"tag": to.StringPtr("value")}})
	check("UpdateKey", err)
	list, err := client.GetKeys(ctx, vault, nil)
	check("GetKeys", err)
	if len(list.Values()) != 3 {
		fail(fmt.Errorf("%d keys are listed, not 3", len(list.Values())))
	}
	_, err = client.GetKeyVersions(ctx, vault, "ec", nil)
	check("GetKeyVersions", err)

	backup, err := client.BackupKey(ctx, vault, "ec")
	check("BackupKey", err)
	_, err = client.DeleteKey(ctx, vault, "ec")
	check("DeleteKey", err)
	settled("GetDeletedKey", func() error { _, err := client.GetDeletedKey(ctx, vault, "ec"); return err })
	_, err = client.GetDeletedKeys(ctx, vault, nil)
	check("GetDeletedKeys", err)
	_, err = client.RecoverDeletedKey(ctx, vault, "ec")
	check("RecoverDeletedKey", err)
	settled("DeleteKey", func() error { _, err := client.DeleteKey(ctx, vault, "ec"); return err })
	settled("PurgeDeletedKey", func() error { _, err := client.PurgeDeletedKey(ctx, vault, "ec"); return err })
	settled("RestoreKey", func() error {
		_, err := client.RestoreKey(ctx, vault, keyvault.KeyRestoreParameters{KeyBundleBackup: backup.Value})
		return err
	})
}

func secrets(ctx context.Context, client keyvault.BaseClient, vault string) {
	_, err := client.SetSecret(ctx, vault, "s", keyvault.SecretSetParameters{Value: to.StringPtr("value")})
	check("SetSecret", err)
	secret, err := client.GetSecret(ctx, vault, "s", "")
	check("GetSecret", err)
	if *secret.Value != "value" {
		fail(fmt.Errorf("the secret is %s", *secret.Value))
	}
	version := regexp.MustCompile(`[^/]+$`).FindString(*secret.ID)
	_, err = client.UpdateSecret(ctx, vault, "s", version,
		keyvault.SecretUpdateParameters{ContentType: to.StringPtr("text/plain")})
	check("UpdateSecret", err)
	_, err = client.GetSecrets(ctx, vault, nil)
	check("GetSecrets", err)
	_, err = client.GetSecretVersions(ctx, vault, "s", nil)
	check("GetSecretVersions", err)
	backup, err := client.BackupSecret(ctx, vault, "s")
	check("BackupSecret", err)
	_, err = client.DeleteSecret(ctx, vault, "s")
	check("DeleteSecret", err)
	settled("GetDeletedSecret", func() error { _, err := client.GetDeletedSecret(ctx, vault, "s"); return err })
	_, err = client.GetDeletedSecrets(ctx, vault, nil)
	check("GetDeletedSecrets", err)
	_, err = client.RecoverDeletedSecret(ctx, vault, "s")
	check("RecoverDeletedSecret", err)
	settled("DeleteSecret", func() error { _, err := client.DeleteSecret(ctx, vault, "s"); return err })
	settled("PurgeDeletedSecret", func() error { _, err := client.PurgeDeletedSecret(ctx, vault, "s"); return err })
	settled("RestoreSecret", func() error {
		_, err := client.RestoreSecret(ctx, vault, keyvault.SecretRestoreParameters{SecretBundleBackup: backup.Value})
		return err
	})
}

func certificates(ctx context.Context, client keyvault.BaseClient, vault string) {
	policyOf := func(issuer string) *keyvault.CertificatePolicy {
		return &keyvault.CertificatePolicy{
			IssuerParameters:          &keyvault.IssuerParameters{Name: &issuer},
			KeyProperties:             &keyvault.KeyProperties{KeyType: keyvault.EC, Curve: keyvault.P256, Exportable: to.BoolPtr(true)},
			SecretProperties:          &keyvault.SecretProperties{ContentType: to.StringPtr("application/x-pem-file")},
			X509CertificateProperties: &keyvault.X509CertificateProperties{Subject: to.StringPtr("CN=go")},
		}
	}
	create := func(name, issuer string) {
		_, err := client.CreateCertificate(ctx, vault, name, keyvault.CertificateCreateParameters{CertificatePolicy: policyOf(issuer)})
		check("CreateCertificate", err)
	}

	create("c", "Self")
	settled("GetCertificate", func() error {
		bundle, err := client.GetCertificate(ctx, vault, "c", "")
		if err == nil && bundle.Cer == nil {
			return fmt.Errorf("there is no certificate yet")
		}
		return err
	})
	_, err := client.GetCertificateOperation(ctx, vault, "c")
	check("GetCertificateOperation", err)
	_, err = client.UpdateCertificate(ctx, vault, "c", "",
		keyvault.CertificateUpdateParameters{Tags: map[string]*string{"tag": to.StringPtr("value")}})
	check("UpdateCertificate", err)
	policy, err := client.GetCertificatePolicy(ctx, vault, "c")
	check("GetCertificatePolicy", err)
	_, err = client.UpdateCertificatePolicy(ctx, vault, "c", keyvault.CertificatePolicy{X509CertificateProperties: policy.X509CertificateProperties})
	check("UpdateCertificatePolicy", err)

	create("cancelled", "Unknown")
	_, err = client.UpdateCertificateOperation(ctx, vault, "cancelled",
		keyvault.CertificateOperationUpdateParameter{CancellationRequested: to.BoolPtr(true)})
	check("UpdateCertificateOperation", err)
	settled("DeleteCertificateOperation", func() error {
		_, err := client.DeleteCertificateOperation(ctx, vault, "cancelled")
		return err
	})

	create("merged", "Unknown")
	operation, err := client.GetCertificateOperation(ctx, vault, "merged")
	check("GetCertificateOperation", err)
	_, err = client.MergeCertificate(ctx, vault, "merged",
		keyvault.CertificateMergeParameters{X509Certificates: &[][]byte{issue(*operation.Csr)}})
	check("MergeCertificate", err)

	pemFile := selfSigned()
	_, err = client.ImportCertificate(ctx, vault, "imported-certificate", keyvault.CertificateImportParameters{
		Base64EncodedCertificate: &pemFile,
		CertificatePolicy:        &keyvault.CertificatePolicy{SecretProperties: &keyvault.SecretProperties{ContentType: to.StringPtr("application/x-pem-file")}},
	})
	check("ImportCertificate", err)
	_, err = client.GetCertificates(ctx, vault, nil, nil)
	check("GetCertificates", err)
	_, err = client.GetCertificateVersions(ctx, vault, "c", nil)
	check("GetCertificateVersions", err)

	_, err = client.SetCertificateContacts(ctx, vault, keyvault.Contacts{
		ContactList: &[]keyvault.Contact{{EmailAddress: to.StringPtr("admin@example.com")}},
	})
	check("SetCertificateContacts", err)
	_, err = client.GetCertificateContacts(ctx, vault)
	check("GetCertificateContacts", err)
	_, err = client.DeleteCertificateContacts(ctx, vault)
	check("DeleteCertificateContacts", err)
	_, err = client.SetCertificateIssuer(ctx, vault, "issuer", keyvault.CertificateIssuerSetParameters{Provider: to.StringPtr("Test")})
	check("SetCertificateIssuer", err)
	_, err = client.UpdateCertificateIssuer(ctx, vault, "issuer", keyvault.CertificateIssuerUpdateParameters{Provider: to.StringPtr("Test")})
	check("UpdateCertificateIssuer", err)
	_, err = client.GetCertificateIssuer(ctx, vault, "issuer")
	check("GetCertificateIssuer", err)
	_, err = client.GetCertificateIssuers(ctx, vault, nil)
	check("GetCertificateIssuers", err)
	_, err = client.DeleteCertificateIssuer(ctx, vault, "issuer")
	check("DeleteCertificateIssuer", err)

	backup, err := client.BackupCertificate(ctx, vault, "c")
	check("BackupCertificate", err)
	_, err = client.DeleteCertificate(ctx, vault, "c")
	check("DeleteCertificate", err)
	settled("GetDeletedCertificate", func() error { _, err := client.GetDeletedCertificate(ctx, vault, "c"); return err })
	_, err = client.GetDeletedCertificates(ctx, vault, nil, nil)
	check("GetDeletedCertificates", err)
	_, err = client.RecoverDeletedCertificate(ctx, vault, "c")
	check("RecoverDeletedCertificate", err)
	settled("DeleteCertificate", func() error { _, err := client.DeleteCertificate(ctx, vault, "c"); return err })
	settled("PurgeDeletedCertificate", func() error { _, err := client.PurgeDeletedCertificate(ctx, vault, "c"); return err })
	settled("RestoreCertificate", func() error {
		_, err := client.RestoreCertificate(ctx, vault, keyvault.CertificateRestoreParameters{CertificateBundleBackup: backup.Value})
		return err
	})
}

func number(value *big.Int) *string {
	return to.StringPtr(base64.RawURLEncoding.EncodeToString(value.FillBytes(make([]byte, 32))))
}

func verifyHere(key keyvault.JSONWebKey, digest []byte, signature string) {
	decode := func(text string) *big.Int {
		bytes, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			fail(err)
		}
		return new(big.Int).SetBytes(bytes)
	}
	public := ecdsa.PublicKey{Curve: elliptic.P256(), X: decode(*key.X), Y: decode(*key.Y)}
	bytes, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || len(bytes) != 64 {
		fail(fmt.Errorf("the signature has %d bytes", len(bytes)))
	}
	r, s := new(big.Int).SetBytes(bytes[:32]), new(big.Int).SetBytes(bytes[32:])
	if !ecdsa.Verify(&public, digest, r, s) {
		fail(fmt.Errorf("Go does not verify the signature"))
	}
}

// issue makes a certificate for a request, by a CA of its own.
func issue(csr []byte) []byte {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil {
		fail(err)
	}
	return makeCertificate(request.PublicKey)
}

func makeCertificate(public crypto.PublicKey) []byte {
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fail(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "go"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, ca)
	if err != nil {
		fail(err)
	}
	return der
}

func selfSigned() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fail(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		fail(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: makeCertificate(&key.PublicKey)})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

// report prints the methods that were called, and those that send a request and were not.
func report() {
	helper := regexp.MustCompile(`Preparer$|Sender$|Responder$|Complete$|Storage|Sas|^(DeleteSas|Send)$`)
	client := reflect.TypeOf(keyvault.BaseClient{})
	missing := []string{}
	names := []string{}
	for name := range called {
		names = append(names, name)
	}
	sort.Strings(names)
	for index := 0; index < client.NumMethod(); index++ {
		method := client.Method(index)
		if takesContext(method.Type) && !helper.MatchString(method.Name) && !called[method.Name] {
			missing = append(missing, method.Name)
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string][]string{"called": names, "missing": missing})
}

func takesContext(method reflect.Type) bool {
	return method.NumIn() > 1 && method.In(1) == reflect.TypeOf((*context.Context)(nil)).Elem()
}
