import type { Module } from './module.ts'

/** Writes the tree of modules to the console, as PyTorch prints it. */
export function print(module: Module): void {
  console.log(String(module))
}
