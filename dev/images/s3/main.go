// s3-server speaks S3 for tests: objects are kept in memory and gone at its end. It takes requests that are signed (V4) with
// the one pair of keys in its environment; a second, read-only door needs no signature, so that a test can look past whoever
// wrote.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"
)

func main() {
	listen := flag.String("listen", ":9000", "address of the S3 interface")
	look := flag.String("look", ":9001", "address of the read-only door without signatures; empty for none")
	buckets := flag.String("buckets", "", "buckets to make at the start, separated by commas")
	flag.Parse()

	// The names that every S3 client knows, so that one Secret serves both sides.
	key, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	if key == "" || secret == "" {
		log.Fatal("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY have to be set")
	}
	store := s3mem.New()
	for _, bucket := range strings.FieldsFunc(*buckets, func(r rune) bool { return r == ',' }) {
		if err := store.CreateBucket(context.Background(), bucket); err != nil {
			log.Fatalf("bucket %s: %v", bucket, err)
		}
	}
	failed := make(chan error)
	signed := gofakes3.New(store, gofakes3.WithV4Auth(map[string]string{key: secret}), gofakes3.WithGlobalLog())
	go func() { failed <- serve(*listen, signed.Server()) }()
	if *look != "" {
		go func() { failed <- serve(*look, readOnly(gofakes3.New(store).Server())) }()
	}
	log.Printf("serving S3 at %s", *listen)
	log.Fatal(<-failed)
}

func serve(address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func readOnly(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "this door is for looking", http.StatusMethodNotAllowed)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
