// Validates the tokens of the cases on standard input with the libraries that Debian has for Go. Their versions come as
// arguments, since these libraries do not know theirs.
package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"time"

	jose2go "github.com/dvsekhvalnov/jose2go"
	gojwt "github.com/golang-jwt/jwt"
	"gopkg.in/square/go-jose.v2"
	josejwt "gopkg.in/square/go-jose.v2/jwt"
)

type testCase struct {
	Id, Alg, Issuer, Audience, Kid, Pem, Token string
	Jwks                                       json.RawMessage
	Forged                                     []string
}

type result struct {
	Kind     string               `json:"kind"`
	Name     string               `json:"name"`
	Version  string               `json:"version"`
	Outcomes map[string][]*string `json:"outcomes"`
}

func publicKey(c testCase) (interface{}, error) {
	block, _ := pem.Decode([]byte(c.Pem))
	return x509.ParsePKIXPublicKey(block.Bytes)
}

func withGolangJwt(c testCase, token string) error {
	parser := gojwt.Parser{ValidMethods: []string{c.Alg}}
	parsed, err := parser.Parse(token, func(*gojwt.Token) (interface{}, error) { return publicKey(c) })
	if err != nil {
		return err
	}
	claims := parsed.Claims.(gojwt.MapClaims)
	if !claims.VerifyIssuer(c.Issuer, true) || !claims.VerifyAudience(c.Audience, true) {
		return errors.New("another issuer or audience")
	}
	return nil
}

func withGoJose(c testCase, token string) error {
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(c.Jwks, &keys); err != nil {
		return err
	}
	parsed, err := josejwt.ParseSigned(token)
	if err != nil {
		return err
	}
	if parsed.Headers[0].Algorithm != c.Alg {
		return errors.New("another algorithm")
	}
	var claims josejwt.Claims
	if err := parsed.Claims(keys.Key(c.Kid)[0].Key, &claims); err != nil {
		return err
	}
	return claims.Validate(josejwt.Expected{Issuer: c.Issuer, Audience: josejwt.Audience{c.Audience}, Time: time.Now()})
}

func withJose2go(c testCase, token string) error {
	key, err := publicKey(c)
	if err != nil {
		return err
	}
	_, headers, err := jose2go.Decode(token, key)
	if err == nil && headers["alg"] != c.Alg {
		return errors.New("another algorithm")
	}
	return err
}

func outcome(validate func(testCase, string) error, c testCase, token string) *string {
	if err := validate(c, token); err != nil {
		text := err.Error()
		return &text
	}
	return nil
}

func main() {
	var cases []testCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	libraries := []struct {
		name     string
		validate func(testCase, string) error
	}{{"golang-jwt", withGolangJwt}, {"go-jose", withGoJose}, {"jose2go", withJose2go}}
	var results []result
	for i, library := range libraries {
		outcomes := map[string][]*string{}
		for _, c := range cases {
			for _, token := range append([]string{c.Token}, c.Forged...) {
				outcomes[c.Id] = append(outcomes[c.Id], outcome(library.validate, c, token))
			}
		}
		results = append(results, result{"Go", library.name, os.Args[i+1], outcomes})
	}
	json.NewEncoder(os.Stdout).Encode(results)
}
