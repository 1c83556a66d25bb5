/**
 * Where the data layer's random numbers lie among a seed's streams, so that no two purposes share one. A stream is below
 * 2^53: its upper 21 bits name the purpose (or the epoch), its lower 32 bits the sample.
 */
const samples = 0x1_0000_0000

/** Epochs are below this. */
export const maxEpochs = 0x10_0000

/** What a sample's random transforms draw from; epoch 0 starts above the streams that a seed itself uses. */
export function sampleStream(epoch: number, index: number): number {
  return (epoch + 1) * samples + index
}

/** The order of the samples in an epoch. */
export function orderStream(epoch: number): number {
  return (maxEpochs + 1) * samples + epoch
}

/** The shape of a generated digit. */
export function digitStream(train: boolean, index: number): number {
  return (0x1f_0000 + (train ? 0 : 1)) * samples + index
}

/** The classes of ten consecutive generated digits. */
export function digitLabelStream(train: boolean, decade: number): number {
  return (0x1f_0002 + (train ? 0 : 1)) * samples + decade
}

/** Which samples a random split puts where. */
export const splitStream: number = 0x1f_0004 * samples

/** The order of repeated samples in a round through the data set; an epoch has fewer than 4096 rounds. */
export function repeatStream(epoch: number, round: number): number {
  return 0x1f_0005 * samples + epoch * 4096 + round
}

/** The sizes of batches that change them now and then. */
export const sizeStream: number = 0x1f_0006 * samples
