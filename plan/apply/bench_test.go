package apply_test

import (
	"fmt"
	"testing"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/plan/apply"
	"github.com/zoneherd/zoneherd/provider/vpsorg"
	"github.com/zoneherd/zoneherd/provider/vpsorg/sandbox"
	"github.com/zoneherd/zoneherd/schema"
)

// BenchmarkApply writes 1,000 records over a socket, to and fro: as many
// creations, updates and deletions in turn.
func BenchmarkApply(b *testing.B) {
	for _, what := range []string{"create", "update", "delete"} {
		b.Run(what, func(b *testing.B) {
			server, err := sandbox.New(sandbox.Options{})
			if err != nil {
				b.Fatal(err)
			}
			listener, err := sandbox.Listen(server, "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer listener.Close()
			client, err := vpsorg.New(vpsorg.Options{Endpoint: listener.URL, Token: vpsorg.Token(server.Token())})
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			to := func(n int, text string) {
				z := schema.Zone{Name: schema.MustName("a.example")}
				for i := range n {
					name := schema.MustName(fmt.Sprintf("h%04d.a.example", i))
					z.RRsets = append(z.RRsets, schema.RRset{Key: schema.Key{Name: name, Type: schema.TypeTXT}, Values: []schema.Value{{TTL: 300, Data: schema.TXT{Text: text}}}})
				}
				in := plan.Input{Desired: &z}
				if info, err := client.FindZone(b.Context(), z.Name); err == nil {
					if in.Live, err = client.ReadZone(b.Context(), info); err != nil {
						b.Fatal(err)
					}
				}
				p := plan.New([]plan.Input{in}, nil, everything)
				if r := apply.Run(b.Context(), client, p, apply.Options{Plan: everything}); !r.Complete() {
					b.Fatal(r.Zones[0].Err)
				}
			}
			to(0, "")
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				switch what {
				case "create":
					to(0, "")
				case "delete":
					to(1000, "x")
				default:
					to(1000, fmt.Sprint(i))
				}
				b.StartTimer()
				switch what {
				case "delete":
					to(0, "")
				default:
					to(1000, fmt.Sprint(i, " again"))
				}
			}
		})
	}
}
