(define-module (flowmake parallel)
  #:export (parallel-map default-workers))
(define default-workers (make-parameter #f))
(define* (parallel-map proc list #:key workers)
  "Todo."
  (map proc list))
