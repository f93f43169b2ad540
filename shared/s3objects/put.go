package s3objects

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"kexin/shared/objects"
)

const (
	maxParts   = 10_000 // of S3: 80 GB in parts of objects.PartSize
	markerKey  = "kexin-upload"
	abortAfter = 10 * time.Second // how long giving up an upload may take after its context has ended
)

// Put implements objects.Objects: one request for contents up to objects.PartSize, parts of that size for larger ones.
func (o *Objects) Put(ctx context.Context, name objects.Name, content io.Reader, options objects.PutOptions) (objects.Info, error) {
	bucket, key, err := o.place(name)
	if err != nil {
		return objects.Info{}, err
	}
	marker, err := o.marker()
	if err != nil {
		return objects.Info{}, fmt.Errorf("put object: %w", err)
	}
	up := &upload{Objects: o, bucket: bucket, key: key, marker: marker, options: options.Normal(o.config.Now()),
		content: bufio.NewReader(objects.WithContext(ctx, content)), digest: objects.NewDigest()}
	if err := up.run(ctx); err != nil {
		return objects.Info{}, fmt.Errorf("put object: %w", errors.Join(ctx.Err(), err)) // S3 may answer before the end of ctx is noticed
	}
	return objects.Info{Size: up.digest.Size(), SHA256: up.digest.Sum(), ContentType: up.options.ContentType, LockedUntil: up.options.LockUntil}, nil
}

// marker returns a random value that is stored with the object.
func (o *Objects) marker() (string, error) {
	var random [16]byte
	if _, err := io.ReadFull(o.config.Rand, random[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(random[:]), nil
}

// upload is one Put under way.
type upload struct {
	*Objects
	bucket, key *string
	marker      string
	options     objects.PutOptions
	content     *bufio.Reader
	digest      *objects.Digest
	id          *string
	parts       []types.CompletedPart
	sent        bool // the request that makes the object appear was sent
}

func (u *upload) run(ctx context.Context) error {
	buffer := make([]byte, objects.PartSize)
	first, last, err := u.fill(buffer)
	if err != nil {
		return err
	}
	if last {
		return u.settle(ctx, u.putWhole(ctx, first))
	}
	return u.settle(ctx, u.putParts(ctx, buffer))
}

// fill reads the next part and whether it is the last.
func (u *upload) fill(buffer []byte) (part []byte, last bool, err error) {
	n, err := io.ReadFull(u.content, buffer)
	_, _ = u.digest.Write(buffer[:n])
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return buffer[:n], true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if _, err := u.content.Peek(1); err == io.EOF {
		return buffer, true, nil
	} else if err != nil {
		return nil, false, err
	}
	return buffer, false, nil
}

// lock returns mode and time of the lock, or nothing.
func (u *upload) lock() (types.ObjectLockMode, *time.Time) {
	if u.options.LockUntil.IsZero() {
		return "", nil
	}
	return u.config.LockMode, &u.options.LockUntil
}

func (u *upload) metadata() map[string]string { return map[string]string{markerKey: u.marker} }

func (u *upload) putWhole(ctx context.Context, content []byte) error {
	mode, until := u.lock()
	u.sent = true
	_, err := u.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: u.bucket, Key: u.key, Body: bytes.NewReader(content), ContentLength: aws.Int64(int64(len(content))),
		ChecksumSHA256: sum(content), ContentType: &u.options.ContentType, Metadata: u.metadata(), IfNoneMatch: aws.String("*"),
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &u.config.KMSKey, BucketKeyEnabled: aws.Bool(true),
		ObjectLockMode: mode, ObjectLockRetainUntilDate: until,
	})
	return err
}

// putParts sends the full part in buffer and all that follow, and gives the upload up when anything fails.
func (u *upload) putParts(ctx context.Context, buffer []byte) error {
	if err := u.begin(ctx); err != nil {
		return err
	}
	err := u.sendAll(ctx, buffer)
	if err == nil {
		err = u.complete(ctx)
	}
	if err != nil {
		return errors.Join(err, u.abort(ctx))
	}
	return nil
}

func (u *upload) begin(ctx context.Context) error {
	mode, until := u.lock()
	out, err := u.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: u.bucket, Key: u.key, ContentType: &u.options.ContentType, Metadata: u.metadata(),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite,
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &u.config.KMSKey, BucketKeyEnabled: aws.Bool(true),
		ObjectLockMode: mode, ObjectLockRetainUntilDate: until,
	})
	if err != nil {
		return err
	}
	u.id = out.UploadId
	return nil
}

func (u *upload) sendAll(ctx context.Context, buffer []byte) error {
	part, last := buffer, false
	for {
		if len(u.parts) == maxParts {
			return errors.New("content has more than 10,000 parts")
		}
		if err := u.send(ctx, part); err != nil {
			return err
		}
		if last {
			return nil
		}
		var err error
		if part, last, err = u.fill(buffer); err != nil {
			return err
		}
	}
}

func (u *upload) send(ctx context.Context, part []byte) error {
	number, checksum := aws.Int32(int32(len(u.parts)+1)), sum(part)
	out, err := u.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: u.bucket, Key: u.key, UploadId: u.id, PartNumber: number, Body: bytes.NewReader(part),
		ContentLength: aws.Int64(int64(len(part))), ChecksumSHA256: checksum,
	})
	if err != nil {
		return err
	}
	u.parts = append(u.parts, types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumSHA256: checksum})
	return nil
}

func (u *upload) complete(ctx context.Context) error {
	u.sent = true
	_, err := u.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: u.bucket, Key: u.key, UploadId: u.id, IfNoneMatch: aws.String("*"),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	return err
}

// abort frees the parts, also when ctx has ended. An upload that it cannot end is ended by the bucket's lifecycle rule.
func (u *upload) abort(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortAfter)
	defer cancel()
	_, err := u.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: u.bucket, Key: u.key, UploadId: u.id})
	if err != nil && status(err) != http.StatusNotFound {
		return fmt.Errorf("give up upload: %w", sentinel(err))
	}
	return nil
}

// settle gives err its final meaning. A request whose answer was lost, or that was sent twice and met its own effect, may have put the
// object; the marker that the object carries decides.
func (u *upload) settle(ctx context.Context, err error) error {
	if err == nil || !u.sent {
		return sentinel(err)
	}
	out, headErr := u.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: u.bucket, Key: u.key})
	switch {
	case headErr != nil:
		return sentinel(err)
	case out.Metadata[markerKey] == u.marker:
		return nil
	}
	return objects.ErrExists
}

func sum(content []byte) *string {
	digest := sha256.Sum256(content)
	return aws.String(base64.StdEncoding.EncodeToString(digest[:]))
}
