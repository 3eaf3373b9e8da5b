package source

import (
	"os"
	"testing"
)

// BenchmarkHistory walks the repository that ZONEHERD_HISTORY names.
func BenchmarkHistory(b *testing.B) {
	dir := os.Getenv("ZONEHERD_HISTORY")
	if dir == "" {
		b.Skip("ZONEHERD_HISTORY names no repository")
	}
	for b.Loop() {
		h, err := ReadHistory(b.Context(), dir, "HEAD", HistoryOptions{})
		if err != nil {
			b.Fatal(err)
		}
		keys := 0
		for _, k := range h.declared {
			keys += len(k)
		}
		b.ReportMetric(float64(h.Commits), "commits")
		b.ReportMetric(float64(keys), "RRsets")
		b.ReportMetric(float64(h.Unreadable), "unreadable")
	}
}
