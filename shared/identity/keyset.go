package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysFresh   = time.Hour     // how long keys are used without asking the issuer again
	keysStale   = 4 * time.Hour // how long they are used when the issuer does not answer
	keysAtMost  = time.Minute   // an unknown key id makes the issuer be asked at most so often: strangers choose key ids
	maxDocument = 1 << 20       // longest discovery document or key set, in bytes
	discovery   = "/.well-known/openid-configuration"
)

// keySet caches the public keys of one issuer. It is safe for concurrent use; one fetch serves all who wait.
type keySet struct {
	issuer string
	client *http.Client
	now    func() time.Time

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time // when keys were read
	asked   time.Time // when the issuer was last asked, whether or not it answered
}

// lookup is one verification against a keySet; it remembers that the keys could not be had, which the library turns into text.
type lookup struct {
	keys        *keySet
	unavailable error
}

var errSignature = errors.New("signature refused")

// VerifySignature returns the payload of raw if one of the issuer's keys signed it.
func (l *lookup) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	allowed := make([]jose.SignatureAlgorithm, len(algorithms))
	for i, name := range algorithms {
		allowed[i] = jose.SignatureAlgorithm(name)
	}
	jws, err := jose.ParseSigned(raw, allowed)
	if err != nil || len(jws.Signatures) != 1 {
		return nil, errSignature
	}
	header := jws.Signatures[0].Header
	candidates, err := l.keys.find(ctx, header.KeyID)
	if err != nil {
		l.unavailable = err
		return nil, err
	}
	for _, key := range candidates {
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := jws.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return nil, errSignature
}

// find returns the keys that id may name: the one of that id, or all when a token names none.
func (k *keySet) find(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	found := matching(k.keys, id)
	fresh := k.keys != nil && now.Sub(k.fetched) < keysFresh
	if fresh && (len(found) > 0 || now.Sub(k.asked) < keysAtMost) {
		return found, nil
	}
	keys, err := k.fetch(ctx)
	k.asked = now
	if err == nil {
		k.keys, k.fetched = keys, now
		return matching(keys, id), nil
	}
	if k.keys != nil && now.Sub(k.fetched) < keysStale && len(found) > 0 {
		return found, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func matching(keys []jose.JSONWebKey, id string) []jose.JSONWebKey {
	var found []jose.JSONWebKey
	for _, key := range keys {
		if (key.Use == "" || key.Use == "sig") && (id == "" || key.KeyID == id) && key.IsPublic() {
			found = append(found, key)
		}
	}
	return found
}

// fetch reads the issuer's discovery document and the key set that it names.
func (k *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := k.get(ctx, strings.TrimSuffix(k.issuer, "/")+discovery, &document); err != nil {
		return nil, fmt.Errorf("read discovery document: %w", err)
	}
	if document.Issuer != k.issuer || !trustworthy(document.Keys) {
		return nil, errors.New("read discovery document: it speaks of another issuer or of keys without TLS")
	}
	var set jose.JSONWebKeySet
	if err := k.get(ctx, document.Keys, &set); err != nil {
		return nil, fmt.Errorf("read key set: %w", err)
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("read key set: it is empty")
	}
	return set.Keys, nil
}

func (k *keySet) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("address is no URL")
	}
	response, err := k.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask issuer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("issuer answered with status %d", response.StatusCode)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into); err != nil {
		return errors.New("issuer answered with something else than JSON")
	}
	return nil
}

// trustworthy reports whether address is an https URL, or an http one on loopback.
func trustworthy(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User != nil {
		return false
	}
	if parsed.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(parsed.Hostname())
	return parsed.Scheme == "http" && (parsed.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
