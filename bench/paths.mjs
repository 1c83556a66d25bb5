import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')
/** What the benchmark builds and stores: programs and models. */
export const cache = join(root, 'build/bench')
export const modules = join(import.meta.dirname, 'node_modules')
