package filekeys

import (
	"bytes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"kexin/shared/keys"
	"kexin/shared/record"
)

const keySize = 32

// keyID names a key inside the file: 8 random bytes.
type keyID [8]byte

func (id keyID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText gives the hexadecimal form.
func (id keyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText takes the hexadecimal form.
func (id *keyID) UnmarshalText(text []byte) error {
	if !unhex(id[:], string(text)) {
		return ErrFormat
	}
	return nil
}

// secretKey is an AES-256 key and its name.
type secretKey struct {
	ID  keyID  `json:"id"`
	Key []byte `json:"key"`
}

// group is a set of purposes that share root keys, as they share a KMS key on AWS.
type group int

const (
	groupData group = iota
	groupRestricted
)

// groupOf returns the group of a purpose, and whether there is such a purpose.
func groupOf(p keys.Purpose) (group, bool) {
	if !slices.Contains(keys.Purposes(), p) {
		return groupData, false
	}
	if p == keys.ForRecord {
		return groupRestricted, true
	}
	return groupData, true
}

// content is what a key file holds, as JSON with exactly these members in this order and no space between them. In Data and Restricted
// the last key is the one that wraps; the others only unwrap. Signers are PKCS #8 keys on P-256, one for each keys.Signer. Keys and
// PKCS #8 are base64, Created is RFC 3339 in UTC to the second.
type content struct {
	Deployment    record.DeploymentID    `json:"deployment"`
	Created       time.Time              `json:"created"`
	Demonstration bool                   `json:"demonstration"`
	Data          []secretKey            `json:"data"`
	Restricted    []secretKey            `json:"restricted"`
	Signers       map[keys.Signer][]byte `json:"signers"`
	Files         []secretKey            `json:"files"`
	CurrentFile   keyID                  `json:"current_file"`
}

func newContent(random io.Reader, o CreateOptions) (content, error) {
	c := content{Deployment: o.Deployment, Created: o.Now().UTC().Truncate(time.Second), Demonstration: o.Demonstration,
		Signers: map[keys.Signer][]byte{}}
	for _, list := range []*[]secretKey{&c.Data, &c.Restricted, &c.Files} {
		key, err := newSecretKey(random)
		if err != nil {
			return content{}, err
		}
		*list = []secretKey{key}
	}
	c.CurrentFile = c.Files[0].ID
	for _, signer := range keys.Signers() {
		der, err := newSigningKey(random)
		if err != nil {
			return content{}, err
		}
		c.Signers[signer] = der
	}
	return c, nil
}

func newSecretKey(random io.Reader) (secretKey, error) {
	k := secretKey{Key: make([]byte, keySize)}
	if _, err := io.ReadFull(random, k.ID[:]); err != nil {
		return secretKey{}, fmt.Errorf("draw key id: %w", err)
	}
	if _, err := io.ReadFull(random, k.Key); err != nil {
		return secretKey{}, fmt.Errorf("draw key: %w", err)
	}
	return k, nil
}

// newSigningKey draws the private scalar itself, because ecdsa.GenerateKey ignores the source that it is given. Numbers that are no
// scalar of P-256 (one in 2³²) are drawn again; a source that gives only such numbers is broken.
func newSigningKey(random io.Reader) ([]byte, error) {
	raw := make([]byte, 32)
	defer clear(raw)
	for range 8 {
		if _, err := io.ReadFull(random, raw); err != nil {
			return nil, fmt.Errorf("draw signing key: %w", err)
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw); err == nil {
			return x509.MarshalPKCS8PrivateKey(key)
		}
	}
	return nil, fmt.Errorf("draw signing key: %w: the source repeats itself", ErrOptions)
}

func (c content) encode() ([]byte, error) { return json.Marshal(c) }

// decodeContent refuses whatever encode would not have written, so members in another order, doubled or unknown are refused too.
func decodeContent(body []byte, demonstration bool) (content, error) {
	var c content
	if err := json.Unmarshal(body, &c); err != nil {
		return content{}, fmt.Errorf("%w: content", ErrFormat) // the error of json may quote the body
	}
	again, err := c.encode()
	if err != nil || !bytes.Equal(again, body) || c.Demonstration != demonstration {
		return content{}, fmt.Errorf("%w: content", ErrFormat)
	}
	return c, nil
}

func (c content) clone() content {
	c.Data, c.Restricted, c.Files = slices.Clone(c.Data), slices.Clone(c.Restricted), slices.Clone(c.Files)
	c.Signers = maps.Clone(c.Signers)
	return c
}

// ready checks c and makes its keys usable.
func (c content) ready() (*state, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &state{content: c, roots: map[group]map[keyID]cipher.AEAD{}, signers: map[keys.Signer]*ecdsa.PrivateKey{}}
	for g, list := range map[group][]secretKey{groupData: c.Data, groupRestricted: c.Restricted} {
		s.roots[g] = map[keyID]cipher.AEAD{}
		for _, k := range list {
			aead, err := newAEAD(k.Key)
			if err != nil {
				return nil, err
			}
			s.roots[g][k.ID] = aead
		}
	}
	for signer, der := range c.Signers {
		key, err := parseSigningKey(der)
		if err != nil {
			return nil, err
		}
		s.signers[signer] = key
	}
	return s, nil
}

func (c content) check() error {
	if record.CheckID(record.PrefixDeployment, string(c.Deployment)) != nil {
		return fmt.Errorf("%w: deployment", ErrFormat)
	}
	seen := map[keyID]bool{}
	for _, list := range [][]secretKey{c.Data, c.Restricted, c.Files} {
		if len(list) == 0 {
			return fmt.Errorf("%w: no key", ErrFormat)
		}
		for _, k := range list {
			if len(k.Key) != keySize || seen[k.ID] {
				return fmt.Errorf("%w: key", ErrFormat)
			}
			seen[k.ID] = true
		}
	}
	if _, ok := find(c.Files, c.CurrentFile); !ok {
		return fmt.Errorf("%w: current file key", ErrFormat)
	}
	return c.checkSigners()
}

func (c content) checkSigners() error {
	for _, signer := range keys.Signers() {
		if c.Signers[signer] == nil {
			return fmt.Errorf("%w: signing keys", ErrFormat)
		}
	}
	if len(c.Signers) != len(keys.Signers()) {
		return fmt.Errorf("%w: signing keys", ErrFormat)
	}
	return nil
}

func parseSigningKey(der []byte) (*ecdsa.PrivateKey, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%w: signing key", ErrFormat)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: signing key is not on P-256", ErrFormat)
	}
	return key, nil
}

func find(list []secretKey, id keyID) (secretKey, bool) {
	i := slices.IndexFunc(list, func(k secretKey) bool { return k.ID == id })
	if i < 0 {
		return secretKey{}, false
	}
	return list[i], true
}
