// A PyTorch checkpoint as safetensors: every tensor in its own precision, nothing in the file is executed.
//   node examples/convert-weights.js resnet18.pth resnet18.safetensors
import { openCheckpointFile, saveSafetensors } from 'ocelli/weights/node'

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) {
  console.error('usage: node examples/convert-weights.js FROM.pth TO.safetensors')
  process.exit(2)
}

const file = await openCheckpointFile(from)
const tensors = new Map()
for (const [name, tensor] of file.tensors) tensors.set(name, await tensor.read())
await file.close()
await saveSafetensors(to, tensors, { format: 'pt' })
console.log(`${from} (${file.format}): ${tensors.size} tensors saved as ${to}`)
