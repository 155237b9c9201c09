// vcsim, the simulated vCenter of govmomi, on a free port of 127.0.0.1 with TLS. Prints its URL, and serves until stdin
// ends.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	model := simulator.VPX()
	if err := model.Create(); err != nil {
		panic(err)
	}
	model.Service.TLS = new(tls.Config)
	model.Service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword("fencer", "s3cret")}
	server := model.Service.NewServer()
	fmt.Println(server.URL.Host)
	_, _ = io.Copy(io.Discard, os.Stdin)
}
