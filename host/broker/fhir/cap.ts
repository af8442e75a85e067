/** Caps the answers that come through an undici dispatcher. */
import type { Dispatcher } from 'undici';

/** An answer went over the cap. */
export class AnswerTooLarge extends Error {}

/**
 * An interceptor that ends a response once more than `maxBytes` of it have come, or at once when it is compressed: that was
 * not asked for, and would be inflated without a cap.
 */
export function capped(maxBytes: number): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => dispatch(options, capHandler(handler, maxBytes));
}

function capHandler(handler: Dispatcher.DispatchHandler, maxBytes: number): Dispatcher.DispatchHandler {
  let bytes = 0;
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
    onResponseStart: (controller, status, headers, text) => {
      const encoding = headers['content-encoding'] ?? 'identity';
      if (encoding !== 'identity') return controller.abort(new Error('the answer is compressed'));
      handler.onResponseStart?.(controller, status, headers, text);
    },
    onResponseData: (controller, chunk) => {
      bytes += chunk.length;
      if (bytes > maxBytes) return controller.abort(new AnswerTooLarge(`the answer is larger than ${maxBytes} bytes`));
      handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
  };
}
