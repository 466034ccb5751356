;;; The language of Flowfiles: everything that one can use without importing
;;; anything.

(define-module (flowmake)
  #:use-module (flowmake forms)
  #:use-module (flowmake helpers)
  #:use-module (flowmake parallel)
  #:use-module (flowmake values)
  #:re-export (flow parameter defaults step raw
               wildcard patsubst notdir suffix strip-suffix addprefix
               addsuffix command-output tsv-rows csv-rows json-file
               current-milliseconds
               list-file file-result parallel-map)
  #:re-export-and-replace (getenv format))
