const networks = [
  { network: 'lenet5', batch: 256, channels: 1, size: 32, classes: 10 },
  { network: 'resnet18_cifar', batch: 64, size: 32, classes: 10 },
  { network: 'resnet50', batch: 8, size: 224, classes: 1000 },
  { network: 'mobilenet_v2', batch: 8, size: 224, classes: 1000, random: true },
  { network: 'vgg11', batch: 4, size: 224, classes: 1000, random: true },
]

export const training = {
  ours: 'ocelli',
  peers: ['torch'],
  optionalPeers: [],
  // Dropout draws other numbers in each engine: no results to compare.
  cases: () =>
    networks.map((spec) => ({
      case: spec.network,
      batch: spec.batch,
      spec: { kind: 'training', ...spec },
      compare: !spec.random,
    })),
}
