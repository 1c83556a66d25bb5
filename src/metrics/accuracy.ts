import { type Labels, rankOf, readRows, type Scores } from './predictions.ts'

/** Share of samples whose label has the highest score, 0 to 1; the lower class wins a tie. */
export function accuracy(scores: Scores, labels: Labels): Promise<number> {
  return topKAccuracy(scores, labels, 1)
}

/** Share of samples whose label is among the `k` highest scores, 0 to 1. */
export async function topKAccuracy(scores: Scores, labels: Labels, k: number): Promise<number> {
  const metric = new TopKAccuracy(k)
  await metric.update(scores, labels)
  return metric.compute()
}

/** Top-k accuracy over many batches. */
export class TopKAccuracy {
  readonly k: number
  #correct = 0
  #samples = 0

  constructor(k: number) {
    if (!Number.isInteger(k) || k < 1)
      throw new RangeError(`TopKAccuracy: k must be an integer from 1, got ${k}`)
    this.k = k
  }

  /** @param scores [samples, classes]: logits or probabilities. */
  async update(scores: Scores, labels: Labels): Promise<void> {
    const rows = await readRows('TopKAccuracy', scores, labels)
    let correct = 0
    for (let i = 0; i < rows.samples; i++) {
      if (rankOf('TopKAccuracy', rows, i, rows.labels[i]!) < this.k) correct++
    }
    this.#correct += correct
    this.#samples += rows.samples
  }

  get samples(): number {
    return this.#samples
  }

  get correct(): number {
    return this.#correct
  }

  /** 0 to 1; NaN before the first sample. */
  compute(): number {
    return this.#correct / this.#samples
  }

  reset(): void {
    this.#correct = 0
    this.#samples = 0
  }
}

/** Accuracy over many batches. */
export class Accuracy extends TopKAccuracy {
  constructor() {
    super(1)
  }
}
