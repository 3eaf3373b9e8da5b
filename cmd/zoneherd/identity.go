package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/zoneherd/zoneherd/plan"
	"github.com/zoneherd/zoneherd/provider"
)

// whose is the answer to whose token it is.
type whose struct {
	provider.Identity // zero where the service does not say
	err               error
}

// identity is whose token it is and what it may do; the zero Identity where the
// service does not say. It is asked for once.
func (l *live) identity(ctx context.Context) (provider.Identity, error) {
	if l.asked == nil {
		id, err := l.Identity(ctx)
		if errors.Is(err, provider.ErrNotFound) || errors.Is(err, provider.ErrForbidden) {
			id, err = provider.Identity{}, nil
		}
		l.asked = &whose{id, err}
	}
	return l.asked.Identity, l.asked.err
}

// account is whose token it is; empty where the service does not say.
func (l *live) account(ctx context.Context) (string, error) {
	id, err := l.identity(ctx)
	return id.Account, err
}

// asking begins to ask whose token it is beside other requests, unless nobody
// wants to know. The function that it gives waits for the answer.
func (l *live) asking(ctx context.Context, wanted bool) (wait func()) {
	if !wanted {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = l.identity(ctx) // an error is told where the answer is used
	}()
	return func() { <-done }
}

// wantsIdentity reports whether a run has a use for whose token it is: the
// sandbox's own token is nobody's but where the configuration asks.
func (r *planned) wantsIdentity() bool {
	return !r.live.own || len(r.accounts()) > 0
}

// accounts are those that the configuration, and base's own, want the token to
// be of: a change does not choose whose zones it is tried on.
func (r *planned) accounts() []string {
	var out []string
	if a := r.desired.config.Account; a != "" {
		out = append(out, a)
	}
	if b := r.base; b != nil && b.desired != nil {
		if a := b.desired.config.Account; a != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(a, o) }) {
			out = append(out, a)
		}
	}
	return out
}

// guardIdentity refuses the plan's writes where the token is not the one that
// the configuration wants, and where it may do more than the command needs.
func (r *planned) guardIdentity(c *cli.Context, m *messages) error {
	if !r.wantsIdentity() {
		return nil
	}
	id, err := r.live.identity(c.Context)
	wanted := r.accounts()
	switch {
	case err != nil && (len(wanted) > 0 || c.Context.Err() != nil):
		return err
	case err != nil:
		m.warn("nobody knows whose zones these are: %v", err)
		return nil
	case id.Account == "" && len(wanted) == 0:
		m.warn("the service does not say whose token this is, so that nobody knows whose zones these are")
	}
	for _, want := range wanted {
		var reason string
		switch {
		case id.Account == "":
			reason = fmt.Sprintf("the configuration wants the account %s, and the service does not say whose token this is", want)
		case !strings.EqualFold(id.Account, want):
			reason = fmt.Sprintf("the configuration wants the account %s, and this token belongs to %s", want, id.Account)
		default:
			continue
		}
		if !r.plan.Pending() { // then nothing in the plan says so
			m.warn("%s", reason)
		}
		r.plan.RefuseWrites(plan.GuardAccount, reason, r.options.Allow)
	}
	r.guardToken(c, m, id)
	return nil
}

// guardToken warns of a token that may do more than the command needs, or
// refuses it, as the configuration says.
func (r *planned) guardToken(c *cli.Context, m *messages, id provider.Identity) {
	mode := r.desired.config.Token
	if b := r.base; b != nil { // the stricter counts
		was := ""
		if b.desired != nil {
			was = b.desired.config.Token
		}
		if was == "refuse" || mode == "allow" {
			mode = was
		}
	}
	surplus := surplusOf(c.Command.Name, id.Permissions)
	if mode == "allow" || len(surplus) == 0 || r.live.own {
		return
	}
	needs := "dns:list"
	if c.Command.Name == "apply" {
		needs = "only permissions for DNS"
	}
	reason := fmt.Sprintf("this token may do more than %s needs (%s): it has %s", c.Command.Name, needs, someOf(surplus, 5))
	if mode != "refuse" {
		m.warn("%s; make one for this that has no more, or set guards: {token: allow}", reason)
		return
	}
	if !r.plan.Pending() {
		m.warn("%s", reason)
	}
	r.plan.RefuseWrites(plan.GuardToken, reason, r.options.Allow)
}

// surplusOf gives the permissions that a command does not need: a plan only
// lists, and what is not about DNS is of no use to any.
func surplusOf(command string, permissions []string) []string {
	var out []string
	for _, p := range permissions {
		if command == "apply" && strings.HasPrefix(p, "dns:") || p == "dns:list" {
			continue
		}
		out = append(out, p)
	}
	return out
}
