package nameserver_test

import (
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Bytes that are no request, over UDP and TCP, keep nobody else from an answer.
func TestGarbageIsOutlived(t *testing.T) {
	addr := listen(t, sample(t))
	r := rand.New(rand.NewPCG(3, 3))
	valid, err := new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA).Pack()
	if err != nil {
		t.Fatal(err)
	}
	for _, network := range []string{"udp", "tcp"} {
		for range 500 {
			b := append([]byte(nil), valid...)
			for range r.IntN(6) {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
			b = b[:r.IntN(len(b)+1)]
			if network == "tcp" && r.IntN(2) == 0 {
				b = append([]byte{0, byte(len(b))}, b...)
			}
			conn, err := net.Dial(network, addr)
			if err != nil {
				t.Fatal(err)
			}
			_, err = conn.Write(b)
			_ = conn.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		if m := exchange(t, network, addr, new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA)); len(m.Answer) != 1 {
			t.Errorf("over %s: %s", network, m)
		}
	}
}

// Connections that say nothing leave UDP alone, and make room as they end.
func TestManyConnectionsAreBounded(t *testing.T) {
	addr := listen(t, sample(t))
	var idle []net.Conn
	for range 128 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		idle = append(idle, conn)
	}
	waiting, err := dns.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	question := new(dns.Msg).SetQuestion("mail.example.com.", dns.TypeA)
	if err := waiting.WriteMsg(question); err != nil {
		t.Fatal(err)
	}
	if m := exchange(t, "udp", addr, question); len(m.Answer) != 1 {
		t.Errorf("over UDP: %s", m)
	}
	for _, conn := range idle[:10] {
		_ = conn.Close()
	}
	if m, err := waiting.ReadMsg(); err != nil || len(m.Answer) != 1 {
		t.Errorf("%v %s", err, m)
	}
}
