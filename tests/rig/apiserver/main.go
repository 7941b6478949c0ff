// Command apiserver runs a real kube-apiserver with a real etcd in the same process.
//
// It takes the flags of kube-apiserver, and --rig-etcd-dir DIR: the folder that etcd
// writes to. etcd listens on a free loopback port and is passed to the API server as
// --etcd-servers. It exists for tests: one process to start, one to stop.
package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const etcdDirFlag = "--rig-etcd-dir="

func startEtcd(dir string) (string, error) {
	config := embed.NewConfig()
	config.Dir = dir
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	config.SnapshotCount = 100000
	config.QuotaBackendBytes = 4 << 30
	anyPort, err := url.Parse("http://127.0.0.1:0")
	if err != nil {
		return "", err
	}
	config.ListenClientUrls = []url.URL{*anyPort}
	config.AdvertiseClientUrls = []url.URL{*anyPort}
	config.ListenPeerUrls = []url.URL{*anyPort}
	config.AdvertisePeerUrls = []url.URL{*anyPort}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-server.Server.ReadyNotify():
	case <-time.After(30 * time.Second):
		server.Close()
		return "", fmt.Errorf("etcd was not ready within 30 s")
	}
	return "http://" + server.Clients[0].Addr().String(), nil
}

func main() {
	arguments := []string{os.Args[0]}
	for _, argument := range os.Args[1:] {
		dir, found := strings.CutPrefix(argument, etcdDirFlag)
		if !found {
			arguments = append(arguments, argument)
			continue
		}
		endpoint, err := startEtcd(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "cannot start etcd:", err)
			os.Exit(1)
		}
		arguments = append(arguments, "--etcd-servers="+endpoint)
	}
	os.Args = arguments
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
