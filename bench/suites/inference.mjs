import { networkCases } from './networks.mjs'

export const inference = {
  ours: 'ocelli',
  peers: ['onnxruntime-node'],
  optionalPeers: ['torch'],
  cases: networkCases,
}
