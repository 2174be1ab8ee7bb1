// A registry with the referrers API, TLS and basic authentication, of go-containerregistry: what cosign,
// crane and ko are tested against. Every request that comes is a line "request METHOD PATH" of its log.
package main

import (
	"crypto/subtle"
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
)

func main() {
	address := flag.String("address", "127.0.0.1:5003", "where to listen")
	certificate := flag.String("certificate", "", "PEM")
	key := flag.String("key", "", "PEM")
	flag.Parse()
	log.SetFlags(0)
	user, password := os.Getenv("REGISTRY_USER"), os.Getenv("REGISTRY_PASSWORD")
	inner := registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(os.Stderr, "", 0)))
	guarded := func(w http.ResponseWriter, r *http.Request) {
		log.Println("request", r.Method, r.URL.Path)
		name, secret, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(name+":"+secret), []byte(user+":"+password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}`, http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}
	log.Fatal(http.ListenAndServeTLS(*address, *certificate, *key, http.HandlerFunc(guarded)))
}
