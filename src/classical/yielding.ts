const longest = 50
let since = 0

/** Lets other work of the event loop go on, where 50 milliseconds have passed since it last did. */
export async function pause(): Promise<void> {
  const now = performance.now()
  if (now - since < longest) return
  await new Promise((resume) => setTimeout(resume, 0))
  since = performance.now()
}
