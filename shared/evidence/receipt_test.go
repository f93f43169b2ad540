package evidence

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"kexin/shared/keys"
	"kexin/shared/record"
)

func TestReceiptAnyByte(t *testing.T) {
	k := newRootKeys(t)
	data := signedReceipt(t, receiptSigner(t, k, &timer{morning}))
	public := k.file(t, deployment)
	flips(t, data, func(b []byte) error { _, err := VerifyReceipt(public, b); return err })
	got, err := VerifyReceipt(public, data)
	if err != nil || got.Subject != submission || !got.Time.Equal(morning) || got.Purposes[1].Title.ZH != "营销 <新品> & 活动" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestReceiptKeyIsCertifiedOnceAnHour(t *testing.T) {
	k, c := newRootKeys(t), &timer{morning}
	s, public := receiptSigner(t, k, c), k.file(t, deployment)
	for minute := 0; minute < 180; minute += 3 {
		c.now = morning.Add(time.Duration(minute) * time.Minute)
		if _, err := VerifyReceipt(public, signedReceipt(t, s)); err != nil {
			t.Fatalf("minute %d: %v", minute, err)
		}
	}
	if k.signs > 4 {
		t.Errorf("%d certifications in three hours", k.signs)
	}
}

func TestReceiptKeyOutlivesAShortOutage(t *testing.T) {
	k, c := newRootKeys(t), &timer{morning}
	s := receiptSigner(t, k, c)
	k.down = true
	c.now = morning.Add(58 * time.Minute)
	if _, err := VerifyReceipt(k.file(t, deployment), signedReceipt(t, s)); err != nil {
		t.Errorf("within the hour: %v", err)
	}
	c.now = morning.Add(61 * time.Minute)
	if _, err := s.Sign(context.Background(), receipt()); !errors.Is(err, errDown) {
		t.Errorf("after the hour: %v", err)
	}
	k.down = false
	if _, err := VerifyReceipt(k.file(t, deployment), signedReceipt(t, s)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestReceiptsInParallel(t *testing.T) {
	k := newRootKeys(t)
	s := receiptSigner(t, k, &timer{morning})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := s.Sign(context.Background(), receipt()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if k.signs != 1 {
		t.Errorf("%d certifications", k.signs)
	}
}

// forge signs a receipt with a process key that change has spoilt before root certified it.
func forge(t *testing.T, k *rootKeys, root keys.Signer, change func(*ProcessKey), at time.Time) []byte {
	t.Helper()
	ctx := context.Background()
	s := receiptSigner(t, k, &timer{morning})
	key := s.current.ProcessKey
	change(&key)
	payload, err := encode(key)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := RootSigner(ctx, k, root)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := SignEnvelope(ctx, signer, TypeProcessKey, payload)
	if err != nil {
		t.Fatal(err)
	}
	r := receipt()
	r.Schema, r.Deployment, r.Time, r.Signed = ReceiptSchema, key.Deployment, morning.Add(-time.Hour), at
	data, err := sealReceipt(ctx, s.current.signer(), certificate, r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestForgedReceiptsNameWhatIsWrong(t *testing.T) {
	k := newRootKeys(t)
	public := k.file(t, deployment)
	same := func(*ProcessKey) {}
	other := record.DeploymentID(id(record.PrefixDeployment, 2))
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"genuine":      {forge(t, k, keys.SignReceipts, same, morning), nil},
		"other signer": {forge(t, k, keys.SignManifest, same, morning), ErrUnknownKey},
		"two hours":    {forge(t, k, keys.SignReceipts, func(p *ProcessKey) { p.NotAfter = p.NotAfter.Add(time.Hour) }, morning), ErrValidity},
		"other use":    {forge(t, k, keys.SignReceipts, func(p *ProcessKey) { p.Use = "archives" }, morning), ErrValidity},
		"other format": {forge(t, k, keys.SignReceipts, func(p *ProcessKey) { p.Format = "kexin-process-key/2" }, morning), ErrFormat},
		"deployment":   {forge(t, k, keys.SignReceipts, func(p *ProcessKey) { p.Deployment = other }, morning), ErrDeployment},
		"too late":     {forge(t, k, keys.SignReceipts, same, morning.Add(2*time.Hour)), ErrValidity},
		"too early":    {forge(t, k, keys.SignReceipts, same, morning.Add(-time.Minute)), ErrValidity},
	} {
		if _, err := VerifyReceipt(public, c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceiptRefusesIncompleteOnes(t *testing.T) {
	s := receiptSigner(t, newRootKeys(t), &timer{morning})
	for name, spoil := range map[string]func(*Receipt){
		"id": func(r *Receipt) { r.ID = "x" }, "subject": func(r *Receipt) { r.Subject = "13800138000" },
		"notice": func(r *Receipt) { r.Notice = Notice{} }, "status": func(r *Receipt) { r.Purposes[0].Status = "" },
		"separate": func(r *Receipt) { r.Separate[0].Status = NotRequired },
	} {
		r := receipt()
		spoil(&r)
		if _, err := s.Sign(context.Background(), r); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NewReceiptSigner(context.Background(), nil, deployment, nil, nil); err == nil {
		t.Error("missing parts")
	}
	if _, err := NewReceiptSigner(context.Background(), newRootKeys(t), "x", rand.Reader, time.Now); err == nil {
		t.Error("wrong deployment")
	}
}

// dsseKey lets the library's own verifier check our envelopes.
type dsseKey struct{ public *ecdsa.PublicKey }

func (d dsseKey) Verify(_ context.Context, data, sig []byte) error {
	digest := sha256.Sum256(data)
	if !ecdsa.VerifyASN1(d.public, digest[:], sig) {
		return ErrSignature
	}
	return nil
}
func (d dsseKey) KeyID() (string, error)   { return KeyID(d.public) }
func (d dsseKey) Public() crypto.PublicKey { return d.public }

func TestEnvelopesVerifyWithTheLibrary(t *testing.T) {
	k := newRootKeys(t)
	var file SignedReceipt
	if err := decode("receipt", signedReceipt(t, receiptSigner(t, k, &timer{morning})), &file); err != nil {
		t.Fatal(err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(dsseKey{&k.private[keys.SignReceipts].PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(context.Background(), file.Key); err != nil {
		t.Error(err)
	}
	if _, err := OpenEnvelope(file.Key, TypeReceipt, &k.private[keys.SignReceipts].PublicKey); !errors.Is(err, ErrFormat) {
		t.Errorf("other type: %v", err)
	}
	file.Key.Signatures = append(file.Key.Signatures, file.Key.Signatures[0])
	if _, err := openProcessKey(k.file(t, deployment), file.Key); !errors.Is(err, ErrFormat) {
		t.Errorf("second signature: %v", err)
	}
}

// TestLooseBase64 changes bits that base64 leaves unused, in signatures of envelopes and of notes.
func TestLooseBase64(t *testing.T) {
	k, ctx := newRootKeys(t), context.Background()
	signer, err := RootSigner(ctx, k, keys.SignReceipts)
	if err != nil {
		t.Fatal(err)
	}
	for padded := 0; padded < 3; {
		envelope, err := SignEnvelope(ctx, signer, TypeReceipt, []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		sig := envelope.Signatures[0].Sig
		if !strings.HasSuffix(sig, "=") {
			continue
		}
		padded++
		at := strings.IndexByte(sig, '=') - 1
		envelope.Signatures[0].Sig = sig[:at] + string(sig[at]+1) + sig[at+1:]
		if _, err := OpenEnvelope(envelope, TypeReceipt, signer.Public); !errors.Is(err, ErrFormat) {
			t.Errorf("envelope: %v", err)
		}
	}
	c := Checkpoint{Origin(deployment), 7, [32]byte{1}}
	for padded := 0; padded < 3; {
		data, err := SignCheckpoint(ctx, k, c)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.IndexByte(data[len(data)-5:], '=')
		if at < 0 {
			continue
		}
		padded++
		data[len(data)-5+at-1]++
		if _, err := VerifyCheckpoint(k.file(t, deployment), data); !errors.Is(err, ErrFormat) {
			t.Errorf("checkpoint: %v", err)
		}
	}
}

// A request that is repeated later gets a receipt of the time at which its answers were received.
func TestReceiptOfARepeatedRequest(t *testing.T) {
	k, c := newRootKeys(t), &timer{morning.Add(25 * time.Hour)}
	data, err := receiptSigner(t, k, c).Sign(context.Background(), receipt())
	if err != nil {
		t.Fatal(err)
	}
	got, err := VerifyReceipt(k.file(t, deployment), data)
	if err != nil || !got.Time.Equal(morning) || !got.Signed.Equal(c.now) {
		t.Errorf("received %v, signed %v, %v", got.Time, got.Signed, err)
	}
}
