import type { Node, Op } from '../../graph/node.ts'

/** A value of the reference backend: every dtype is held in float64. */
export type Value = Float64Array

/** Computes a node from its inputs' values, into a new array or an input left unchanged. */
export type ReferenceKernel<O extends Op> = (node: Node<O>, inputs: readonly Value[]) => Value

export type KernelTable<O extends Op = Op> = { readonly [K in O]: ReferenceKernel<K> }
