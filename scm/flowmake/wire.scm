;;; The numbers of model/wire.h.

(define-module (flowmake wire)
  #:export (wire-chunk
            wire-inline-max-bytes
            wire-error wire-template wire-steps wire-loaded wire-job wire-items
            wire-constants wire-rows wire-results wire-seen
            expr-const expr-name expr-thunk expr-pieces
            name-result name-input name-output))

(define wire-chunk 1000)
(define wire-inline-max-bytes 1024)

;; enum wire_type
(define wire-error 2)
(define wire-template 3)
(define wire-steps 4)
(define wire-loaded 5)
(define wire-job 10)
(define wire-items 11)
(define wire-constants 12)
(define wire-rows 13)
(define wire-results 14)
(define wire-seen 15)

;; enum wire_expr
(define expr-const 0)
(define expr-name 1)
(define expr-thunk 2)
(define expr-pieces 3)

;; enum wire_name
(define name-input 3)
(define name-output 4)
(define name-result 5)
