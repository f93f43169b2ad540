package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// client sends requests to the installation as a member of staff or as the public.
type client struct {
	base  string
	token string
	send  func(*http.Request) (status int, header http.Header, body []byte, err error)
}

// listen opens a port on loopback when the bench is to go through one.
func (r *run) listen() (net.Listener, string, error) {
	if !r.Loopback {
		return nil, "127.0.0.1:8080", nil // only the Host header that the handlers expect
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("listen on loopback: %w", err)
	}
	return listener, listener.Addr().String(), nil
}

func (r *run) connect(listener net.Listener, addr string) error {
	token, err := r.server.Issuing.Token("admin", 8*time.Hour)
	if err != nil {
		return err
	}
	r.client = client{base: "http://" + addr, token: token}
	handler := r.server.Handler()
	if listener == nil {
		r.client.send = func(request *http.Request) (int, http.Header, []byte, error) {
			w := &answer{header: http.Header{}}
			handler.ServeHTTP(w, request)
			return w.status, w.header, w.body.Bytes(), nil
		}
		return nil
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	r.stop = func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	}
	r.client.send = func(request *http.Request) (int, http.Header, []byte, error) { return overNetwork(transport, request) }
	return nil
}

func overNetwork(transport *http.Transport, request *http.Request) (int, http.Header, []byte, error) {
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, nil, nil, err
	}
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, body, err
}

// answer collects what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// call is one request.
type call struct {
	method, path, key, match string
	body                     []byte
	public                   bool
	want                     int
	into                     any // decoded from the answer when not nil
}

// do sends c and fails with ErrAnswer when the status is another than wanted.
func (r *run) do(ctx context.Context, c call) error {
	request, err := http.NewRequestWithContext(ctx, c.method, r.client.base+c.path, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	request.RemoteAddr = "127.0.0.1:1"
	if c.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range map[string]string{"Idempotency-Key": c.key, "If-Match": c.match} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if !c.public {
		request.Header.Set("Authorization", "Bearer "+r.client.token)
	}
	status, _, body, err := r.client.send(request)
	if err != nil {
		return err
	}
	if status != c.want {
		return fmt.Errorf("%w: %s %s: %d %.300s", ErrAnswer, c.method, c.path, status, body)
	}
	if c.into == nil {
		return nil
	}
	return json.Unmarshal(body, c.into)
}

// key draws an idempotency key.
func (r *run) key() string {
	raw := make([]byte, 18)
	_, _ = io.ReadFull(r.Random, raw) // a failing source shows as a refused key
	return base64.RawURLEncoding.EncodeToString(raw)
}

// spread runs ops acts by clients at once until the first fails.
func (r *run) spread(ctx context.Context, name string, clients, ops int, act func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	var next, done atomic.Int64
	for range clients {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < ops; i = int(next.Add(1)) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := act(ctx, i); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if n := done.Add(1); n%64 == 0 || int(n) == ops {
					r.tell(name, int(n), ops)
				}
			}
			return nil
		})
	}
	return group.Wait()
}
