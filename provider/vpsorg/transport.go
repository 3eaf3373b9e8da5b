package vpsorg

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// newTransport is a transport for one host, with time limits on each part of a
// request; the whole is bounded by requestTimeout. Answers from this machine
// come uncompressed, which would cost both sides time and save nobody any.
func newTransport(host string) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    64,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     isLoopback(host),
	}
}

// parseEndpoint checks where the token would be sent.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case strings.ContainsAny(text, "@?#"): // what comes before an @ may be a secret: not shown
		return nil, errors.New("the endpoint holds more than scheme, host and path: write it like " + DefaultEndpoint)
	case err != nil || u.Host == "":
		return nil, fmt.Errorf("the endpoint %q is no URL, such as %s", text, DefaultEndpoint)
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, fmt.Errorf("the endpoint %s would send the token unencrypted: use https", u.Redacted())
	}
	return nil, fmt.Errorf("the endpoint %s is neither https nor on this machine", u.Redacted())
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// hopeless reports whether a transport's error would only come again: the
// other side has no certificate that this machine trusts, or speaks no TLS.
func hopeless(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		record      tls.RecordHeaderError
		tooLarge    *tooLargeError
	)
	return errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &record) || errors.As(err, &tooLarge) || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}
