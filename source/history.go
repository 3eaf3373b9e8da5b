package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"golang.org/x/sync/errgroup"

	"github.com/zoneherd/zoneherd/schema"
)

// History is what git has ever declared, in any commit that a revision can
// reach.
type History struct {
	Commits int
	// Unreadable counts the versions of zone files that have mistakes. What
	// could not be read in them does not count as declared.
	Unreadable int

	declared map[schema.Name]map[schema.Key]bool
}

// Declared gives the RRsets that git has ever declared of a zone.
func (h *History) Declared(zone schema.Name) map[schema.Key]bool { return h.declared[zone] }

// HistoryOptions say where in each commit the zone files are, as on a command
// line in the working directory.
type HistoryOptions struct {
	Config string // the configuration's path; empty: [ConfigFile]
	Paths  []string
}

// ReadHistory walks the commits that a revision can reach and reads every
// version of every zone file, each once. Which files those are is for each
// commit's own configuration to say.
func ReadHistory(ctx context.Context, cwd, revision string, opts HistoryOptions) (*History, error) {
	abs, err := filepath.Abs(cwd)
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	root := repository(abs)
	if root == "" {
		return nil, errors.New("prune: owned needs the history of git, and there is no git repository here")
	}
	storage, err := openStorage(root, filesystem.Options{KeepDescriptors: true})
	if err != nil {
		return nil, err
	}
	defer storage.Close()
	repo, err := git.Open(storage, nil)
	if err != nil {
		return nil, fmt.Errorf("open the repository %s: %w", root, err)
	}
	if boundary, err := repo.Storer.Shallow(); err != nil || len(boundary) > 0 {
		return nil, errors.Join(err, errors.New("prune: owned needs the whole history of git, and this clone is shallow: fetch all of it, in Actions with fetch-depth: 0"))
	}
	head, err := repo.ResolveRevision(plumbing.Revision(revision))
	if err != nil {
		return nil, fmt.Errorf("prune: owned needs the history of git, and there is no commit %s here yet", revision)
	}
	w := &historyWalk{
		objects: &objects{repo: repo, trees: map[plumbing.Hash]*object.Tree{}},
		root:    root, from: abs, opts: opts,
		configs: map[plumbing.Hash]Config{}, seen: map[version]*reading{}, blocks: map[blockKey]map[string]schema.Name{}, states: map[state]bool{},
		history: &History{declared: map[schema.Name]map[schema.Key]bool{}},
	}
	if err := w.walk(ctx, *head); err != nil {
		return nil, fmt.Errorf("read the history of git: %w", err)
	}
	return w.history, nil
}

// historyWalk is one run of ReadHistory.
type historyWalk struct {
	*objects
	root, from string
	opts       HistoryOptions

	configs  map[plumbing.Hash]Config
	versions []version // the newest first
	seen     map[version]*reading
	states   map[state]bool // of which every file has been read

	mu      sync.Mutex
	history *History
	blocks  map[blockKey]map[string]schema.Name // what has been read, and its owner name
}

// version is one version of a zone file, as one configuration reads it.
type version struct {
	name   string
	blob   plumbing.Hash
	config plumbing.Hash
}

// reading is what a version includes, once it has been read.
type reading struct {
	tree     *CommitTree
	included []string
}

// state is what a directory or file of zones was, under a configuration.
type state struct {
	name   string
	hash   plumbing.Hash
	config plumbing.Hash
}

// walk reads the versions without what they include first, side by side; then
// those with includes once more for each version of what they include.
func (w *historyWalk) walk(ctx context.Context, head plumbing.Hash) error {
	commits, err := w.commits(ctx, head)
	if err != nil {
		return err
	}
	for _, c := range commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.visit(c, func(v version, tree *CommitTree) {
			if w.seen[v] == nil {
				w.seen[v] = &reading{tree: tree}
				w.versions = append(w.versions, v)
			}
		}); err != nil {
			return err
		}
	}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	includes := false
	for _, v := range w.versions {
		r := w.seen[v]
		group.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			r.included = w.read(v, r.tree)
			if len(r.included) > 0 {
				w.mu.Lock()
				includes = true
				w.mu.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil || !includes {
		return err
	}
	clear(w.states)
	done := map[string]bool{}
	for _, c := range commits {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.visit(c, func(v version, tree *CommitTree) { w.readIncluding(v, tree, done) }); err != nil {
			return err
		}
	}
	return nil
}

// readIncluding reads a version again where what it includes is another than
// before. An include may include others, so that the first is read to the end.
func (w *historyWalk) readIncluding(v version, tree *CommitTree, done map[string]bool) {
	r := w.seen[v]
	if len(r.included) == 0 {
		return
	}
	files := tree.tree.FS.(*commitFS)
	key := func() string {
		b := fmt.Sprint(v)
		for _, name := range r.included {
			files.mu.Lock()
			e, err := files.find(name)
			files.mu.Unlock()
			if err != nil {
				e.Hash = plumbing.ZeroHash
			}
			b += "\x00" + name + "\x00" + e.Hash.String()
		}
		return b
	}
	if done[key()] {
		return
	}
	r.included = w.read(v, tree)
	done[key()] = true
}

// read reads one version and takes down what it declares. It gives the names
// of the files that it includes.
func (w *historyWalk) read(v version, tree *CommitTree) (included []string) {
	commit := tree.tree.FS.(*commitFS)
	commit.mu.Lock()
	text, err := commit.blob(v.blob)
	commit.mu.Unlock()
	var r fileResult
	if err == nil {
		r = w.parse(v, tree, text)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || r.problems.Count(schema.Error) > 0 {
		w.history.Unreadable++
	}
	for i := range r.zones {
		z := &r.zones[i]
		keys := w.history.declared[z.Name]
		if keys == nil {
			keys = make(map[schema.Key]bool, len(z.RRsets))
			w.history.declared[z.Name] = keys
		}
		for j := range z.RRsets {
			keys[z.RRsets[j].Key] = true
		}
	}
	for p := range r.included {
		included = append(included, p.Name)
	}
	return included
}

// blockKey is what a block's meaning depends on besides its text.
type blockKey struct {
	name, before string
	config       plumbing.Hash
}

// parse reads the text of a version: of one that is made of blocks, those
// alone that no version had before.
func (w *historyWalk) parse(v version, tree *CommitTree, text []byte) fileResult {
	before, blocks, ok := cut(text)
	if !ok || len(blocks) == 0 {
		return w.parseText(v, tree, text)
	}
	key := blockKey{v.name, string(before), v.config}
	known := make([]schema.Name, len(blocks))
	w.mu.Lock()
	for i, b := range blocks {
		known[i] = w.blocks[key][string(b)]
	}
	w.mu.Unlock()
	var r fileResult
	names := make(map[schema.Name]bool, len(blocks))
	for i, b := range blocks {
		if known[i].IsZero() {
			alone, name := w.parseAlone(v, tree, slices.Concat(before, b))
			if name.IsZero() {
				return w.parseText(v, tree, text)
			}
			known[i] = name
			r.zones = append(r.zones, alone...)
		}
		if names[known[i]] {
			return w.parseText(v, tree, text)
		}
		names[known[i]] = true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.blocks[key] == nil {
		w.blocks[key] = make(map[string]schema.Name, len(blocks))
	}
	for i, b := range blocks {
		w.blocks[key][string(b)] = known[i]
	}
	return r
}

// parseAlone reads a block with what stands before it. Unless it is the one
// entry there, without a mistake and without includes, name is zero.
func (w *historyWalk) parseAlone(v version, tree *CommitTree, text []byte) (zones []schema.Zone, name schema.Name) {
	r := w.parseText(v, tree, text)
	if r.problems.Count(schema.Error) > 0 || len(r.included) > 0 || len(r.zones) == 0 || r.entries != len(r.zones) {
		return nil, schema.Name{}
	}
	switch z := &r.zones[0]; {
	case len(z.RRsets) > 0:
		name = z.RRsets[0].Name
	case len(z.Held) > 0:
		name = z.Held[0].Name
	}
	return r.zones, name
}

func (w *historyWalk) parseText(v version, tree *CommitTree, text []byte) fileResult {
	l := &loader{
		opts:      Options{DefaultTTL: schema.DefaultTTL, Lenient: true, SkipUnsupported: true, OctoDNSTarget: w.configs[v.config].OctoDNSTarget},
		documents: map[Path]*parsed{},
	}
	files := &versionFS{tree.tree.FS.(*commitFS), v.name, text}
	return l.read(candidate{Path: Path{&Tree{FS: files, Dir: tree.tree.Dir}, v.name}})
}

// versionFS is a commit's tree in which one file has a text of its own.
type versionFS struct {
	*commitFS
	name string
	text []byte
}

// Open implements [fs.FS].
func (v *versionFS) Open(name string) (fs.File, error) {
	if name != v.name {
		return v.commitFS.Open(name)
	}
	return &commitFile{entryInfo{name: path.Base(name), size: int64(len(v.text)), mode: 0o444}, bytes.NewReader(v.text)}, nil
}

// historicCommit is a commit with a tree that no commit before had.
type historicCommit struct {
	hash, tree plumbing.Hash
}

// commits lists the commits, one for each tree.
func (w *historyWalk) commits(ctx context.Context, head plumbing.Hash) ([]historicCommit, error) {
	first, err := w.repo.CommitObject(head)
	if err != nil {
		return nil, err
	}
	var out []historicCommit
	trees := map[plumbing.Hash]bool{}
	iter := object.NewCommitPreorderIter(first, nil, nil)
	defer iter.Close()
	for {
		c, err := iter.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		w.history.Commits++
		if !trees[c.TreeHash] {
			trees[c.TreeHash] = true
			out = append(out, historicCommit{c.Hash, c.TreeHash})
		}
	}
}

// visit calls use for each zone file of a commit, unless all of a directory's
// have been visited in this state before and none of them can read otherwise.
func (w *historyWalk) visit(c historicCommit, use func(version, *CommitTree)) error {
	root, err := w.tree(c.tree)
	if err != nil {
		return err
	}
	files := &commitFS{objects: w.objects, root: root}
	tree, err := treeOf(files, c.hash, w.root, w.from)
	if err != nil {
		return err
	}
	config, configHash := w.config(tree, files)
	for _, name := range zonePathsOf(tree, w.opts.Paths, config) {
		entry, err := files.find(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errEscapes) {
			continue
		} else if err != nil {
			return err
		}
		at := state{name, entry.Hash, configHash}
		if w.states[at] {
			continue
		}
		if entry.Mode != filemode.Dir {
			use(version{name, entry.Hash, configHash}, tree)
			continue
		}
		dir, err := w.tree(entry.Hash)
		if err != nil {
			return err
		}
		settled := true
		for _, e := range dir.Entries {
			if !mayBeZone(e.Name) || e.Mode == filemode.Dir {
				continue
			}
			v := version{path.Join(name, e.Name), e.Hash, configHash}
			if e.Mode == filemode.Symlink {
				settled = false // what it leads to may change while it does not
				target, err := files.find(v.name)
				if err != nil || target.Mode == filemode.Dir {
					continue
				}
				v.blob = target.Hash
			}
			use(v, tree)
			if r := w.seen[v]; r == nil || len(r.included) > 0 {
				settled = false
			}
		}
		if settled {
			w.states[at] = true
		}
	}
	return nil
}

// config is a commit's configuration, and what to know it by.
func (w *historyWalk) config(tree *CommitTree, files *commitFS) (Config, plumbing.Hash) {
	name := w.opts.Config
	if name == "" {
		name = ConfigFile
	}
	name = path.Join(tree.tree.Dir, filepath.ToSlash(name))
	entry, err := files.find(name)
	if err != nil {
		return NoConfig(), plumbing.ZeroHash
	}
	config, ok := w.configs[entry.Hash]
	if !ok {
		config, _ = LoadConfig(Path{tree.tree, name})
		w.configs[entry.Hash] = config
	}
	return config, entry.Hash
}

// zonePathsOf are the names of a commit's files and directories of zones. Where
// it has none of the given ones, they may have been elsewhere: it says where.
func zonePathsOf(tree *CommitTree, given []string, config Config) []string {
	files := tree.tree.FS.(*commitFS)
	var names []string
	for _, p := range given {
		if name, ok := tree.name(p); ok {
			if _, err := files.find(name); err == nil {
				names = append(names, name)
			}
		}
	}
	if len(names) > 0 {
		return names
	}
	if config.Zones == nil {
		name, _ := tree.name("zones")
		return []string{name}
	}
	for _, p := range config.Zones {
		names = append(names, p.Name)
	}
	return names
}
