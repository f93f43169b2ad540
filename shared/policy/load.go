package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"kexin/shared/record"
)

// Load compiles the pack id of packs together with every pack that it extends, base first. It returns *Problems, with every problem
// at once, when a pack is incomplete, contradicts itself or asks for less than what it extends; other errors are those of reading.
// Equal files give equal packs, section ids and versions.
func Load(packs fs.FS, id string) (*Pack, error) {
	l := &loader{packs: packs, problems: &Problems{}}
	chain, err := l.chain(id)
	if err != nil {
		return nil, err
	}
	if err := l.problems.err(); err != nil {
		return nil, err
	}
	c := newCompiler(l.problems)
	for i, folder := range chain {
		c.apply(folder, i == 0)
	}
	pack := c.finish(id)
	if err := l.problems.err(); err != nil {
		return nil, err
	}
	pack.Version = record.PackVersion(id + "@" + hex.EncodeToString(l.hash())[:16])
	return pack, nil
}

// loader reads the folders of a pack and of what it extends.
type loader struct {
	packs    fs.FS
	problems *Problems
	files    []hashed
}

type hashed struct {
	name string
	sum  [32]byte
}

// chain returns the folders from the base to id.
func (l *loader) chain(id string) ([]*folder, error) {
	var chain []*folder
	for from := (Pos{id + "/pack.yaml", 1}); id != "" || len(chain) == 0; {
		if slices.ContainsFunc(chain, func(f *folder) bool { return f.id == id }) {
			l.problems.add(from, "pack %q extends itself in a circle; end the chain at %q", id, Base)
			break
		}
		f, err := l.folder(id)
		if errors.Is(err, fs.ErrNotExist) && len(chain) > 0 {
			l.problems.add(from, "pack %q does not exist; extend %q or another pack of this installation", id, Base)
			break
		}
		if err != nil {
			return nil, err
		}
		chain = append(chain, f)
		from, id = f.pack.Extends.At, f.pack.Extends.V
	}
	slices.Reverse(chain)
	return chain, nil
}

// folder reads one pack.
func (l *loader) folder(id string) (*folder, error) {
	if id == "" || !fs.ValidPath(id) || strings.Contains(id, "/") || id == "." {
		return nil, fmt.Errorf("read pack %q: %w", id, fs.ErrNotExist)
	}
	f := &folder{id: id}
	if err := l.read(path.Join(id, "pack.yaml"), &f.pack); err != nil {
		return nil, fmt.Errorf("read pack %q: %w", id, err)
	}
	l.identity(f)
	var purposes purposesFile
	var fields fieldsFile
	var notices noticesFile
	var forms formsFile
	var roles rolesFile
	parts := []struct {
		name   string
		target any
	}{
		{"purposes.yaml", &purposes}, {"fields.yaml", &fields}, {"notices.yaml", &notices}, {"forms.yaml", &forms},
		{"roles.yaml", &roles},
	}
	for _, part := range parts {
		err := l.read(path.Join(id, part.name), part.target)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read pack %q: %w", id, err)
		}
	}
	l.strangers(id)
	f.purposes, f.fields, f.notices = purposes.Purposes, fields.Fields, notices.Notices
	f.forms, f.roles = forms.Forms, roles.Roles
	return f, l.readCedar(f)
}

// identity checks who the pack says it is.
func (l *loader) identity(f *folder) {
	p := &f.pack
	if !p.ID.Set {
		l.problems.add(p.At, "the pack has no id; add \"id: %s\"", f.id)
	} else if p.ID.V != f.id {
		l.problems.add(p.ID.At, "id %q is not the name of the folder; write \"id: %s\"", p.ID.V, f.id)
	}
	if p.Extends.V == "" && f.id != Base {
		l.problems.add(p.At, "the pack extends nothing; add \"extends: %s\"", Base)
	}
	if p.Extends.V != "" && f.id == Base {
		l.problems.add(p.Extends.At, "the base pack extends nothing; remove \"extends\"")
	}
}

// strangers refuses files that nothing would read, such as a misspelt fields.yaml.
func (l *loader) strangers(id string) {
	known := []string{"pack.yaml", "purposes.yaml", "fields.yaml", "notices.yaml", "forms.yaml", "roles.yaml"}
	found, _ := fs.Glob(l.packs, path.Join(id, "*")) // the pattern is well formed
	for _, name := range found {
		base := path.Base(name)
		if !slices.Contains(known, base) && base != "policies" && base != "README.md" {
			l.problems.add(Pos{name, 1}, "no such file belongs in a pack; the files are %s and policies/*.cedar", strings.Join(known, ", "))
		}
	}
}

func (l *loader) read(name string, target any) error {
	data, err := fs.ReadFile(l.packs, name)
	if err != nil {
		return err
	}
	l.files = append(l.files, hashed{name, sha256.Sum256(data)})
	decodeFile(name, data, target, l.problems)
	return nil
}

func (l *loader) readCedar(f *folder) error {
	names, err := fs.Glob(l.packs, path.Join(f.id, "policies", "*.cedar"))
	if err != nil {
		return fmt.Errorf("list policies of pack %q: %w", f.id, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(l.packs, name)
		if err != nil {
			return fmt.Errorf("read policies of pack %q: %w", f.id, err)
		}
		l.files = append(l.files, hashed{name, sha256.Sum256(data)})
		f.cedar = append(f.cedar, CedarFile{Path: name, Text: data})
	}
	return nil
}

// hash binds the names and contents of all files, in the order of their names.
func (l *loader) hash() []byte {
	slices.SortFunc(l.files, func(a, b hashed) int { return strings.Compare(a.name, b.name) })
	whole := sha256.New()
	for _, file := range l.files {
		fmt.Fprintf(whole, "%x %s\n", file.sum, file.name)
	}
	return whole.Sum(nil)
}
