// The networks of the goals, those that the registry has.
import { hasModel, modelMetadata } from '../../dist/index.js'

const names = [
  'squeezenet1_1',
  'mobilenet_v2',
  'mobilenet_v3_large',
  'shufflenet_v2_x1_0',
  'efficientnet_b0',
  'regnet_y_400mf',
  'resnet18',
  'resnet50',
  'resnext50_32x4d',
  'densenet121',
  'googlenet',
  'inception_v3',
  'vgg16',
]

export function networkCases() {
  return names.filter(hasModel).flatMap((network) =>
    [1, 8].map((batch) => ({
      case: network,
      batch,
      spec: { kind: 'network', network, batch, size: modelMetadata(network).preprocessing.inputSize },
    })),
  )
}
