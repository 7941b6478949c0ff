// Command webhooks serves the conversion and admission webhooks of Cluster API and its kubeadm providers,
// and nothing else: no controller runs. It takes the kubeconfig of an API server, the folder with tls.crt and
// tls.key, and the number of an inherited file descriptor: a socket that listens already, so that whoever
// starts the program knows the port beforehand and nobody has to wait for readiness.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	addonsv1beta1 "sigs.k8s.io/cluster-api/api/addons/v1beta1"
	addonsv1 "sigs.k8s.io/cluster-api/api/addons/v1beta2"
	bootstrapv1beta1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta1"
	bootstrapv1 "sigs.k8s.io/cluster-api/api/bootstrap/kubeadm/v1beta2"
	controlplanev1beta1 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta1"
	controlplanev1 "sigs.k8s.io/cluster-api/api/controlplane/kubeadm/v1beta2"
	clusterv1beta1 "sigs.k8s.io/cluster-api/api/core/v1beta1"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	ipamv1alpha1 "sigs.k8s.io/cluster-api/api/ipam/v1alpha1"
	ipamv1beta1 "sigs.k8s.io/cluster-api/api/ipam/v1beta1"
	ipamv1 "sigs.k8s.io/cluster-api/api/ipam/v1beta2"
	runtimev1alpha1 "sigs.k8s.io/cluster-api/api/runtime/v1alpha1"
	runtimev1 "sigs.k8s.io/cluster-api/api/runtime/v1beta2"
	bootstrap "sigs.k8s.io/cluster-api/bootstrap/kubeadm/webhooks/admission"
	controlplane "sigs.k8s.io/cluster-api/controlplane/kubeadm/webhooks/admission"
	controlplaneconversion "sigs.k8s.io/cluster-api/controlplane/kubeadm/webhooks/conversion"
	core "sigs.k8s.io/cluster-api/core/webhooks/admission"
	coreconversion "sigs.k8s.io/cluster-api/core/webhooks/conversion"
	"sigs.k8s.io/cluster-api/feature"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

var addToScheme = []func(*runtime.Scheme) error{
	clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme,
	clusterv1beta1.AddToScheme, clusterv1.AddToScheme,
	addonsv1beta1.AddToScheme, addonsv1.AddToScheme,
	bootstrapv1beta1.AddToScheme, bootstrapv1.AddToScheme,
	controlplanev1beta1.AddToScheme, controlplanev1.AddToScheme,
	ipamv1alpha1.AddToScheme, ipamv1beta1.AddToScheme, ipamv1.AddToScheme,
	runtimev1alpha1.AddToScheme, runtimev1.AddToScheme,
}

type registrable interface {
	SetupWebhookWithManager(ctrl.Manager) error
}

func webhooksOf(manager ctrl.Manager) []registrable {
	reader := manager.GetClient()
	return []registrable{
		&core.Cluster{Client: reader, ClusterCacheReader: noWorkloadClusters{}},
		&core.ClusterClass{Client: reader},
		&core.ClusterResourceSet{},
		&core.ClusterResourceSetBinding{},
		&core.ExtensionConfig{},
		&core.IPAddress{Client: manager.GetAPIReader()},
		&core.IPAddressClaim{},
		&core.Machine{},
		&core.MachineDeployment{},
		&core.MachineDrainRule{},
		&core.MachineHealthCheck{},
		&core.MachinePool{},
		&core.MachineSet{},
		&bootstrap.KubeadmConfig{},
		&bootstrap.KubeadmConfigTemplate{},
		&controlplane.KubeadmControlPlane{},
		&controlplane.KubeadmControlPlaneTemplate{},
		&controlplane.ScaleValidator{Client: reader},
	}
}

// noWorkloadClusters stands for the cache of workload clusters of the real manager: none is connected.
type noWorkloadClusters struct{}

func (noWorkloadClusters) GetReader(_ context.Context, cluster client.ObjectKey) (client.Reader, error) {
	return nil, fmt.Errorf("workload cluster %s is not connected", cluster)
}

// apiVersions says in which version a reference without one is shown to readers of v1beta1. Cluster API keeps
// the same rule in internal/contract/version.go: the newest version that the labels of the CRD name for the
// newest contract.
func apiVersions(manager ctrl.Manager) func(context.Context, schema.GroupKind) (string, error) {
	return func(ctx context.Context, kind schema.GroupKind) (string, error) {
		mapping, err := manager.GetRESTMapper().RESTMapping(kind)
		if err != nil {
			return "", err
		}
		crd := &metav1.PartialObjectMetadata{}
		crd.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
		name := mapping.Resource.GroupResource().String()
		if err := manager.GetClient().Get(ctx, client.ObjectKey{Name: name}, crd); err != nil {
			return "", err
		}
		for _, contract := range []string{"v1beta2", "v1beta1"} {
			if versions := crd.Labels[clusterv1.GroupVersion.Group+"/"+contract]; versions != "" {
				newest := slices.MaxFunc(strings.Split(versions, "_"), version.CompareKubeAwareVersionStrings)
				return schema.GroupVersion{Group: kind.Group, Version: newest}.String(), nil
			}
		}
		return "", fmt.Errorf("CRD %s has no label for a contract version", name)
	}
}

// inheritedServer is a webhook server on a socket that was listening before this process began.
type inheritedServer struct {
	listener net.Listener
	mux      *http.ServeMux
}

func (*inheritedServer) NeedLeaderElection() bool { return false }

func (server *inheritedServer) Register(path string, hook http.Handler) {
	server.mux.Handle(path, hook)
}

func (server *inheritedServer) StartedChecker() healthz.Checker { return healthz.Ping }

func (server *inheritedServer) WebhookMux() *http.ServeMux { return server.mux }

func (server *inheritedServer) Start(ctx context.Context) error {
	serving := &http.Server{Handler: server.mux}
	go func() {
		<-ctx.Done()
		_ = serving.Close()
	}()
	if err := serving.Serve(server.listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func newServer(descriptor uintptr, certificates string) (webhook.Server, error) {
	listener, err := net.FileListener(os.NewFile(descriptor, "listener"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(certificates, "tls.crt"), filepath.Join(certificates, "tls.key"))
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	return &inheritedServer{listener: tls.NewListener(listener, config), mux: http.NewServeMux()}, nil
}

func run(kubeconfig, certificates string, descriptor uintptr) error {
	scheme := runtime.NewScheme()
	for _, add := range addToScheme {
		if err := add(scheme); err != nil {
			return err
		}
	}
	gates := map[string]bool{"ClusterTopology": true, "MachinePool": true, "RuntimeSDK": true}
	if err := feature.MutableGates.SetFromMap(gates); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	hooks, err := newServer(descriptor, certificates)
	if err != nil {
		return err
	}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, WebhookServer: hooks, Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		return err
	}
	coreconversion.SetAPIVersionGetter(apiVersions(manager))
	controlplaneconversion.SetAPIVersionGetter(apiVersions(manager))
	for _, hook := range webhooksOf(manager) {
		if err := hook.SetupWebhookWithManager(manager); err != nil {
			return fmt.Errorf("%T: %w", hook, err)
		}
	}
	return manager.Start(ctrl.SetupSignalHandler())
}

func main() {
	kubeconfig := flag.String("rig-kubeconfig", "", "kubeconfig of the API server")
	certificates := flag.String("rig-certificates", "", "folder with tls.crt and tls.key")
	descriptor := flag.Uint("rig-listener", 3, "file descriptor of the listening socket")
	flag.Parse()
	ctrl.SetLogger(klog.Background())
	if err := run(*kubeconfig, *certificates, uintptr(*descriptor)); err != nil {
		fmt.Fprintln(os.Stderr, "cannot serve webhooks:", err)
		os.Exit(1)
	}
}
