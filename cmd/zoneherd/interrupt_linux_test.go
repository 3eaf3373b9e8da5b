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
	s, dir := toInterrupt(t)
	near, far := terminal(t)
	p := begin(t, s, dir, "apply", "--journal", "j.jsonl")
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = far, far, far
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	p.start()
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { // until nobody has the other end
		defer close(read)
		if _, err := io.Copy(p, near); err != nil && !errors.Is(err, syscall.EIO) && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	}()
	p.wait(`Only "yes" does it: `)
	if _, err := near.Write([]byte{3}); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	<-read
	p.want(exitInterrupted, "interrupted: nothing was written")
	if zones := s.Snapshot(); len(zones) > 0 {
		t.Errorf("it has written %v", zones)
	}
}

// terminal opens a pseudo-terminal: this end and that of the process.
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
	far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}
