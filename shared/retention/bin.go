package retention

import (
	"context"

	"kexin/shared/objects"
)

// Bin removes void archives from their bucket. It implements Archives.
type Bin struct{ Objects objects.Objects }

// Remove deletes every version of the object at path.
func (b Bin) Remove(ctx context.Context, path string) error {
	return b.Objects.Delete(ctx, objects.Name{Bucket: objects.Archives, Path: path})
}
