// s3-server speaks S3 for tests: objects are kept in memory and gone at its end. It takes requests that are signed (V4) with
// the one pair of keys in its environment; a second, read-only door needs no signature, so that a test can look past whoever
// wrote.
//
// One module serves, another one checks signatures. The server of the second cuts the slash off the end of a key, which is
// how Alluxio and other clients mark a folder, and the first knows no signatures.
package main

import (
	"errors"
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rclone/gofakes3/signature"
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
	store := folders{s3mem.New()}
	for _, bucket := range strings.FieldsFunc(*buckets, func(r rune) bool { return r == ',' }) {
		if err := store.CreateBucket(bucket); err != nil {
			log.Fatalf("bucket %s: %v", bucket, err)
		}
	}
	signature.StoreKeys(map[string]string{key: secret})
	failed := make(chan error)
	signed := verified(gofakes3.New(store, gofakes3.WithGlobalLog()).Server())
	go func() { failed <- serve(*listen, signed) }()
	if *look != "" {
		go func() { failed <- serve(*look, readOnly(gofakes3.New(store).Server())) }()
	}
	log.Printf("serving S3 at %s", *listen)
	log.Fatal(<-failed)
}

// folders lists a folder marker as the folder that it marks, as S3 does; the store lists it as an object.
type folders struct{ *s3mem.Backend }

func (f folders) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	list, err := f.Backend.ListBucket(name, prefix, page)
	if err != nil || prefix == nil || !prefix.HasDelimiter {
		return list, err
	}
	kept := make([]*gofakes3.Content, 0, len(list.Contents))
	for _, one := range list.Contents {
		if one.Key != prefix.Prefix && strings.HasSuffix(one.Key, prefix.Delimiter) {
			list.AddPrefix(one.Key)
		} else {
			kept = append(kept, one)
		}
	}
	list.Contents = kept
	return list, nil
}

func serve(address string, handler http.Handler) error {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func verified(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if result := signature.V4SignVerify(r); result != signature.ErrNone {
			refusal := signature.GetAPIError(result)
			log.Printf("%s %s: %s", r.Method, r.URL, refusal.Code)
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(refusal.HTTPStatusCode)
			_, _ = w.Write(signature.EncodeAPIErrorToResponse(refusal))
			return
		}
		handler.ServeHTTP(w, r)
	})
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
