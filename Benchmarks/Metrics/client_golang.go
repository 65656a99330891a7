// What client_golang takes for the operations that compare.py compares. Prints one line of JSON for each.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"sort"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

var buckets = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300}

type result struct {
	Operation string  `json:"operation"`
	Threads   int     `json:"threads,omitempty"`
	Series    int     `json:"series,omitempty"`
	Encoding  string  `json:"encoding,omitempty"`
	Value     float64 `json:"value"`
	Bytes     int     `json:"bytes,omitempty"`
}

func report(line result) {
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		panic(err)
	}
}

// operations runs `work` on so many threads at once and returns the nanoseconds that one round took on each.
func operations(threads, rounds int, work func(rounds int)) float64 {
	work(rounds / 20)
	var group sync.WaitGroup
	took := make([]time.Duration, threads)
	begin := make(chan struct{})
	for index := range took {
		group.Add(1)
		go func(index int) {
			defer group.Done()
			<-begin
			start := time.Now()
			work(rounds)
			took[index] = time.Since(start)
		}(index)
	}
	close(begin)
	group.Wait()
	var sum time.Duration
	for _, one := range took {
		sum += one
	}
	return float64(sum.Nanoseconds()) / float64(rounds*threads)
}

// unpredictable is the same list of values in all three programs.
func unpredictable() []float64 {
	state := uint64(88172645463325252)
	values := make([]float64, 4096)
	for index := range values {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		values[index] = math.Exp(float64(state%12000)/1000 - 6)
	}
	return values
}

func measureOperations() {
	counter := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "llm_requests_total"}, []string{"provider", "model", "status"},
	).WithLabelValues("groq", "llama", "success")
	histogram := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: "llm_request_latency_seconds", Buckets: buckets},
		[]string{"provider", "model"},
	).WithLabelValues("groq", "llama")
	values := unpredictable()
	for _, threads := range []int{1, 2} {
		report(result{Operation: "counter", Threads: threads, Value: operations(threads, 20000000,
			func(rounds int) {
				for round := 0; round < rounds; round++ {
					counter.Inc()
				}
			})})
		report(result{Operation: "histogram", Threads: threads, Value: operations(threads, 10000000,
			func(rounds int) {
				for round := 0; round < rounds; round++ {
					histogram.Observe(values[round&4095])
				}
			})})
	}
}

// sink takes a reply as a socket would, and counts it.
type sink struct {
	header http.Header
	bytes  int
}

func (sink *sink) Header() http.Header { return sink.header }
func (sink *sink) WriteHeader(int)     {}
func (sink *sink) Write(bytes []byte) (int, error) {
	sink.bytes += len(bytes)
	return io.Discard.Write(bytes)
}

func measureScrapes(series int) {
	registry := prometheus.NewRegistry()
	counters := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "llm_requests_total", Help: "Attempts at providers, by how they ended."},
		[]string{"provider", "model", "status"})
	registry.MustRegister(counters)
	for index := 0; index < series; index++ {
		counters.WithLabelValues(
			fmt.Sprintf("provider-%d", index%10), fmt.Sprintf("model-%d", index/10), "success",
		).Add(float64(index))
	}
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	for _, encoding := range []string{"plain", "gzip"} {
		request := httptest.NewRequest("GET", "/metrics", nil)
		if encoding == "gzip" {
			request.Header.Set("Accept-Encoding", "gzip")
		}
		var took []float64
		bytes := 0
		for begin := time.Now(); len(took) < 5 || time.Since(begin) < 700*time.Millisecond; {
			reply := &sink{header: http.Header{}}
			start := time.Now()
			handler.ServeHTTP(reply, request)
			took = append(took, float64(time.Since(start).Nanoseconds())/1e6)
			bytes = reply.bytes
		}
		sort.Float64s(took)
		report(result{Operation: "scrape", Series: series, Encoding: encoding, Value: took[len(took)/2], Bytes: bytes})
	}
}

func main() {
	measureOperations()
	for _, series := range []int{1000, 10000, 100000} {
		measureScrapes(series)
	}
}
