package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// While it asks on a terminal, Ctrl-C ends it at once, without an answer.
func TestAnInterruptEndsTheQuestion(t *testing.T) {
	s, dir := toInterrupt(t, "")
	p := begin(t, s, dir, "apply", "--journal", "j.jsonl")
	near, read := p.onTerminal()
	p.wait(`Only "yes" does it: `)
	if _, err := near.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	read()
	p.want(exitInterrupted, "interrupted: nothing was written")
	if zones := s.Snapshot(); len(zones) > 0 {
		t.Errorf("it has written %v", zones)
	}
}

// The RRsets of one zone are asked for one by one, and on a terminal it is shown
// how far that has come, in the middle of which Ctrl-C ends it.
func TestAnInterruptEndsVerifying(t *testing.T) {
	s, dir := toInterrupt(t, "")
	begin(t, s, dir, "apply", "--yes").start().want(exitDone)
	p := begin(t, s, dir, "verify", "--resolver", answers(t, s), "--query-rate", "1") // a resolver gives no transfer
	near, read := p.onTerminal()
	p.wait(" of 40 RRsets")
	if _, err := near.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	read()
	p.want(exitInterrupted, "verifying zones", "0 of 1", "interrupted: nothing was written")
}

// onTerminal starts the process on a pseudo-terminal of its own, and gives this
// end of it. read waits for the end of the process and of what it says.
func (p *process) onTerminal() (near *os.File, read func()) {
	p.t.Helper()
	near, far := terminal(p.t)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = far, far, far
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.start()
	if err := far.Close(); err != nil {
		p.t.Fatal(err)
	}
	all := make(chan struct{})
	go func() { // until nobody has the other end
		defer close(all)
		if _, err := io.Copy(p, near); err != nil && !errors.Is(err, syscall.EIO) && !errors.Is(err, os.ErrClosed) {
			p.t.Error(err)
		}
	}()
	return near, func() {
		<-p.ended
		<-all
	}
}

// terminal opens a pseudo-terminal of 25 lines: this end and that of the process.
func terminal(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close() })
	control := func(request uintptr, n *int32) {
		if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, near.Fd(), request, uintptr(unsafe.Pointer(n))); failed != 0 {
			t.Fatal(failed)
		}
	}
	var locked, number int32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	size := [4]uint16{25, 120}
	if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, near.Fd(), syscall.TIOCSWINSZ, uintptr(unsafe.Pointer(&size))); failed != 0 {
		t.Fatal(failed)
	}
	far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}
