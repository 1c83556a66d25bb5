// What is measured, as Ocelli runs it. Weights and inputs are functions of their names, so that every engine, each in a
// process of its own, computes with the same numbers.
import { createModel, F, nn, noGrad, optim, summary, tensor } from '../dist/index.js'
import { signedOf, weightsOf } from '../scripts/golden.mjs'

const salt = 'bench'

const input = (name, shape) => tensor(signedOf(salt, name, shape), shape)

function fill(module) {
  for (const [name, value] of module.stateDict()) {
    if (value.dtype === 'float32') value.load(weightsOf(salt, name, value.shape))
  }
  return module
}

/** ResNet-18 as it is trained on CIFAR-10: a 3x3 stem that keeps the size, and no pool after it. */
async function resnet18Cifar() {
  const model = await createModel('resnet18', { numClasses: 10 })
  model.conv1 = new nn.Conv2d(3, 64, 3, { padding: 1, bias: false })
  model.maxpool = new nn.Identity()
  return model
}

/** With `fresh` its weights are those it was made with. */
export async function buildNetwork({ network, fresh = false }) {
  const model = network === 'resnet18_cifar' ? await resnet18Cifar() : await createModel(network)
  return fresh ? model : fill(model)
}

const firstOf = (result) => (Array.isArray(result) ? result[0] : result)

const imageShape = ({ batch, channels = 3, size }) => [batch, channels, size, size]

async function inference(spec) {
  const model = await buildNetwork(spec)
  model.eval()
  const shape = imageShape(spec)
  return {
    inputs: [input('input', shape)],
    fn: (x) => noGrad(() => firstOf(model.forward(x))),
    macs: () => summary(model, shape).macs,
  }
}

const kernels = {
  matmul: ({ m, k, n }) => ({ shapes: [[m, k], [k, n]], fn: (a, b) => a.matmul(b) }), // biome-ignore format: one line a kernel
  linear: ({ m, k, n }) => layer([m, k], new nn.Linear(k, n, { bias: false })),
  conv: ({ batch, channels, size, out, kernel, stride = 1, groups = 1 }) =>
    layer(
      [batch, channels, size, size],
      new nn.Conv2d(channels, out, kernel, { stride, groups, padding: (kernel - 1) / 2 }),
    ),
  maxPool: ({ shape, kernel, stride, padding }) => ({
    shapes: [shape],
    fn: (x) => F.maxPool2d(x, kernel, { stride, padding }),
  }),
  avgPool: ({ shape, kernel, stride }) => ({
    shapes: [shape],
    fn: (x) => F.avgPool2d(x, kernel, { stride }),
  }),
  globalAvgPool: ({ shape }) => ({ shapes: [shape], fn: (x) => x.mean([2, 3]) }),
  softmax: ({ shape }) => ({ shapes: [shape], fn: (x) => x.softmax(shape.length - 1) }),
  addRelu: ({ shape }) => ({ shapes: [shape, shape], fn: (a, b) => a.add(b).relu() }),
  hardSwish: ({ shape }) => ({ shapes: [shape], fn: (x) => F.hardSwish(x) }),
}

function layer(shape, module) {
  fill(module)
  return { shapes: [shape], fn: (x) => module.forward(x) }
}

function kernel(spec) {
  const { shapes, fn } = kernels[spec.op](spec)
  return {
    inputs: shapes.map((shape, i) => input(`input${i}`, shape)),
    fn: (...inputs) => noGrad(() => fn(...inputs)),
  }
}

/** A function of its inputs alone. */
export function buildFunction(spec) {
  return spec.kind === 'kernel' ? kernel(spec) : inference(spec)
}

export async function buildTraining(spec) {
  const model = await buildNetwork(spec)
  model.train()
  const optimizer = optim.sgd(model.parameters(), { lr: 1e-3, momentum: 0.9 })
  const shape = imageShape(spec)
  const labels = Int32Array.from({ length: spec.batch }, (_, i) => (7 * i) % spec.classes)
  return {
    inputs: [input('input', shape), tensor(labels)],
    step: (images, targets) => {
      const loss = F.crossEntropy(firstOf(model.forward(images)), targets)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.update()
      return loss
    },
    // The gradients of input and weight cost as much again, each.
    macs: () => 3 * summary(model, shape).macs,
  }
}
