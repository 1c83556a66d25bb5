import { kernelCases } from './kernels.mjs'
import { networkCases } from './networks.mjs'

export const wasm = {
  ours: 'ocelli-wasm',
  peers: ['onnxruntime-web'],
  optionalPeers: ['tfjs', 'jax-js'],
  peak: 'gflops128',
  cases: () => [
    ...networkCases(),
    ...kernelCases().filter((kernel) => kernel.case === 'sgemm 1024x1024x1024'),
  ],
}
