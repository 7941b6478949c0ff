// Command manager is the in-memory infrastructure provider of Cluster API: the reconcilers and webhooks of the Dev*
// kinds, as test/infrastructure/docker/main.go starts them.
//
// It differs from the published program in three things. The ports of the fake workload API servers are given instead
// of 20000 and up, so that several rigs fit on one machine. The webhooks listen on loopback only. The kinds that need
// a container engine are left out; the reconciler that asks the engine for the capacity of a template gets an answer
// from Cluster API's own fake.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/component-base/logs"
	logsv1 "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register"
	"k8s.io/klog/v2"
	clusterv1 "sigs.k8s.io/cluster-api/api/core/v1beta2"
	"sigs.k8s.io/cluster-api/controllers/clustercache"
	"sigs.k8s.io/cluster-api/controllers/remote"
	"sigs.k8s.io/cluster-api/feature"
	"sigs.k8s.io/cluster-api/test/infrastructure/container"
	infrav1beta1 "sigs.k8s.io/cluster-api/test/infrastructure/docker/api/v1beta1"
	infrav1 "sigs.k8s.io/cluster-api/test/infrastructure/docker/api/v1beta2"
	"sigs.k8s.io/cluster-api/test/infrastructure/docker/controllers"
	"sigs.k8s.io/cluster-api/test/infrastructure/docker/webhooks"
	cloudv1 "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/cloud/api/v1alpha1"
	inmemory "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime"
	inmemoryserver "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/server"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

const name = "cluster-api-docker-controller-manager"

type settings struct {
	host, certificates, health string
	webhookPort                int
	workloads                  inmemoryserver.CustomPorts
	syncPeriod                 time.Duration
}

func schemeOf(parts ...func(*runtime.Scheme) error) (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range parts {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}

// newManager makes a manager whose caches are those of the published one: Secrets of clusters only, unstructured
// objects included.
func newManager(chosen settings) (ctrl.Manager, error) {
	scheme, err := schemeOf(clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme,
		infrav1beta1.AddToScheme, infrav1.AddToScheme, clusterv1.AddToScheme)
	if err != nil {
		return nil, err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 200
	config.UserAgent = remote.DefaultClusterAPIUserAgent(name)
	ofClusters, err := labels.NewRequirement(clusterv1.ClusterNameLabel, selection.Exists, nil)
	if err != nil {
		return nil, err
	}
	secrets := cache.ByObject{Label: labels.NewSelector().Add(*ofClusters)}
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		HealthProbeBindAddress: chosen.health,
		Metrics:                server.Options{BindAddress: "0"},
		Cache: cache.Options{
			SyncPeriod: &chosen.syncPeriod,
			ByObject:   map[client.Object]cache.ByObject{&corev1.Secret{}: secrets},
		},
		Client: client.Options{Cache: &client.CacheOptions{
			DisableFor:   []client.Object{&corev1.ConfigMap{}, &corev1.Secret{}},
			Unstructured: true,
		}},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: chosen.host, Port: chosen.webhookPort, CertDir: chosen.certificates,
		}),
	})
	if err != nil {
		return nil, err
	}
	if err := manager.AddReadyzCheck("webhook", manager.GetWebhookServer().StartedChecker()); err != nil {
		return nil, err
	}
	return manager, nil
}

func startReconcilers(manager ctrl.Manager, chosen settings) error {
	ctx := ctrl.SetupSignalHandler()
	scheme, err := schemeOf(cloudv1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme,
		storagev1.AddToScheme, apiextensionsv1.AddToScheme, policyv1.AddToScheme)
	if err != nil {
		return err
	}
	clouds := inmemory.NewManager(scheme)
	if err := clouds.Start(ctx); err != nil {
		return err
	}
	workloads, err := inmemoryserver.NewWorkloadClustersMux(clouds, chosen.host, chosen.workloads)
	if err != nil {
		return err
	}
	engine, err := container.NewFakeClient()
	if err != nil {
		return err
	}
	secrets, err := client.New(manager.GetConfig(), client.Options{
		HTTPClient: manager.GetHTTPClient(), Cache: &client.CacheOptions{Reader: manager.GetCache()},
	})
	if err != nil {
		return err
	}
	remotes, err := clustercache.SetupWithManager(ctx, manager, clustercache.Options{
		SecretClient: secrets,
		Client:       clustercache.ClientOptions{QPS: 20, Burst: 30, UserAgent: remote.DefaultClusterAPIUserAgent(name)},
	}, controller.Options{MaxConcurrentReconciles: 10})
	if err != nil {
		return err
	}
	kube, options := manager.GetClient(), controller.Options{MaxConcurrentReconciles: 10}
	machines := controllers.DevMachineReconciler{
		Client: kube, ContainerRuntime: engine, ClusterCache: remotes, InMemoryManager: clouds, APIServerMux: workloads,
	}
	clusters := controllers.DevClusterReconciler{
		Client: kube, ContainerRuntime: engine, InMemoryManager: clouds, APIServerMux: workloads,
	}
	templates := controllers.DevMachineTemplateReconciler{Client: kube, ContainerRuntime: engine}
	if err := machines.SetupWithManager(ctx, manager, options); err != nil {
		return err
	}
	if err := clusters.SetupWithManager(ctx, manager, options); err != nil {
		return err
	}
	if err := templates.SetupWithManager(ctx, manager, options); err != nil {
		return err
	}
	hooks := []interface {
		SetupWebhookWithManager(ctrl.Manager) error
	}{&webhooks.DevMachine{}, &webhooks.DevMachineTemplate{}, &webhooks.DevCluster{}, &webhooks.DevClusterTemplate{}}
	for _, hook := range hooks {
		if err := hook.SetupWebhookWithManager(manager); err != nil {
			return err
		}
	}
	return manager.Start(ctx)
}

func run() error {
	var chosen settings
	logging := logs.NewOptions()
	flags := pflag.CommandLine
	logsv1.AddFlags(logging, flags)
	flags.StringVar(&chosen.host, "rig-host", "127.0.0.1", "where the webhooks listen and workload clusters answer")
	flags.Int32Var(&chosen.workloads.MinPort, "rig-first-port", 20000, "port of the first workload cluster")
	flags.Int32Var(&chosen.workloads.MaxPort, "rig-last-port", 30000, "port of the last workload cluster")
	flags.Int32Var(&chosen.workloads.DebugPort, "rig-debug-port", 19000, "port that lists the workload clusters")
	flags.IntVar(&chosen.webhookPort, "webhook-port", 9443, "port of the webhooks")
	flags.StringVar(&chosen.certificates, "webhook-cert-dir", "", "folder with tls.crt and tls.key")
	flags.StringVar(&chosen.health, "health-addr", ":9440", "address of /readyz")
	feature.MutableGates.AddFlag(flags)
	flags.DurationVar(&chosen.syncPeriod, "sync-period", 10*time.Minute, "how often everything is reconciled anew")
	flags.AddGoFlagSet(flag.CommandLine)
	pflag.Parse()
	if err := logsv1.ValidateAndApply(logging, nil); err != nil {
		return err
	}
	ctrl.SetLogger(klog.Background())
	manager, err := newManager(chosen)
	if err != nil {
		return err
	}
	return startReconcilers(manager, chosen)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cannot run:", err)
		os.Exit(1)
	}
}
