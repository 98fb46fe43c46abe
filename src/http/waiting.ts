/** Lets a request wait for what it asks for, between two answers. For each of them its caller is found again. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ChangeWaits } from '../entities/change/waits.ts'
import { RateLimitedError } from '../errors.ts'
import { rateLimited } from '../graphql/refusals.ts'
import { errorAnswer } from './error-answer.ts'
import type { Answer } from './request.ts'

/** The last of the answers, and for how long the request waited between them. */
interface Waited {
  answer: Answer
  waitedMs: number
}

/** Answers again after each change, as long as the answer says that it may wait; nothing of the request is held meanwhile. */
export async function answerWhenThere(
  waits: ChangeWaits,
  request: IncomingMessage,
  response: ServerResponse,
  answering: () => Promise<Answer>,
): Promise<Waited> {
  const gone = new AbortController()
  const leave = () => gone.abort()
  response.once('close', leave)
  let waitedMs = 0
  try {
    for (;;) {
      const answer = await answering()
      const { longPoll } = answer
      const leftMs = longPoll ? longPoll.seconds * 1000 - waitedMs : 0
      if (!longPoll || leftMs <= 0) return { answer, waitedMs }
      const began = performance.now()
      const isChanged = await withPatience(request, leftMs, () =>
        waits.wait(longPoll.holder, longPoll.seen, leftMs, gone.signal),
      )
      waitedMs += performance.now() - began
      if (!isChanged) return { answer, waitedMs }
    }
  } catch (error) {
    if (!(error instanceof RateLimitedError)) throw error
    const retryAfter = { 'retry-after': String(error.retryAfterSeconds) }
    return { answer: errorAnswer(429, rateLimited(error), retryAfter), waitedMs }
  } finally {
    response.off('close', leave)
  }
}

/** A connection on which nothing moves is closed after a while, except where its request waits. */
async function withPatience<T>({ socket }: IncomingMessage, milliseconds: number, work: () => Promise<T>): Promise<T> {
  const usual = socket.timeout ?? 0
  socket.setTimeout(usual + milliseconds)
  try {
    return await work()
  } finally {
    socket.setTimeout(usual)
  }
}
